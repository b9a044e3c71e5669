/** The tones themselves, made by Web Audio: no file is needed, and a drill has another timbre. */
import type { Voice } from "@/sound/plan";

interface Pulse {
  atS: number;
  hz: number;
  toHz?: number;
  lastsS: number;
}

const PULSES: Record<Voice, readonly Pulse[]> = {
  urgent: [
    { atS: 0, hz: 700, toHz: 950, lastsS: 0.35 },
    { atS: 0.45, hz: 850, toHz: 1150, lastsS: 0.35 },
    { atS: 0.9, hz: 1000, toHz: 1400, lastsS: 0.45 },
  ],
  important: [
    { atS: 0, hz: 740, lastsS: 0.25 },
    { atS: 0.4, hz: 740, lastsS: 0.25 },
  ],
  normal: [{ atS: 0, hz: 620, lastsS: 0.2 }],
  drill: [
    { atS: 0, hz: 440, lastsS: 0.3 },
    { atS: 0.45, hz: 440, lastsS: 0.3 },
  ],
  lost: [
    { atS: 0, hz: 520, toHz: 260, lastsS: 0.5 },
    { atS: 0.7, hz: 390, toHz: 195, lastsS: 0.5 },
  ],
};
const TIMBRE: Record<Voice, OscillatorType> = {
  urgent: "square",
  important: "triangle",
  normal: "triangle",
  drill: "sine",
  lost: "sawtooth",
};

export function play(context: AudioContext, voice: Voice): void {
  for (const pulse of PULSES[voice]) {
    const at = context.currentTime + 0.02 + pulse.atS;
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.type = TIMBRE[voice];
    tone.frequency.setValueAtTime(pulse.hz, at);
    if (pulse.toHz) tone.frequency.linearRampToValueAtTime(pulse.toHz, at + pulse.lastsS);
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.5, at + 0.02);
    volume.gain.setValueAtTime(0.5, at + pulse.lastsS - 0.05);
    volume.gain.linearRampToValueAtTime(0, at + pulse.lastsS);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + pulse.lastsS);
  }
}
