/** The one EventSource: opened with the cursor, given up when silent, opened again after a jittered wait. */
import { LATE_S, waitBeforeMs } from "@/stream/liveness";
import { readEvent, type StreamMessage } from "@/stream/messages";

export interface ConnectionParts {
  address: (cursor: string | null) => string;
  cursor: () => string | null;
  take: (message: StreamMessage) => void;
  /** The connection was refused or broke: the session may have ended. */
  broke: () => void;
  /** Whether the cookies are still of the person whose picture this is: what another's say is not taken. */
  own?: () => boolean;
  open?: (address: string) => EventSource;
  random?: () => number;
}

const EVENTS = ["snapshot", "change", "reset", "tick"] as const;

export class Connection {
  #source: EventSource | null = null;
  #wait: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #heardAtMs = -Infinity;
  #stopped = true;

  constructor(private readonly parts: ConnectionParts) {}

  start(): void {
    this.#stopped = false;
    this.#open();
  }

  stop(): void {
    this.#stopped = true;
    this.#close();
  }

  /** The page became visible, the network came back, or somebody asked: at once unless the stream is alive. */
  retryNow(): void {
    if (this.#stopped) return;
    const silentS = (performance.now() - this.#heardAtMs) / 1000;
    if (this.#source?.readyState === 1 && silentS < 12) return;
    this.#attempt = 0;
    this.#open();
  }

  #open(): void {
    this.#close();
    if (this.parts.own?.() === false) {
      this.#fail();
      return;
    }
    const address = this.parts.address(this.parts.cursor());
    const source = this.parts.open?.(address) ?? new EventSource(address);
    this.#source = source;
    for (const name of EVENTS) {
      source.addEventListener(name, (event: MessageEvent<string>) => {
        if (this.#source !== source) return;
        if (this.parts.own?.() === false) {
          this.#fail();
          return;
        }
        this.#heard();
        const message = readEvent(name, event.data, name === "change" ? event.lastEventId : "");
        if (message) this.parts.take(message);
      });
    }
    source.onerror = () => {
      if (this.#source === source) this.#fail();
    };
    this.#watch();
  }

  #heard(): void {
    this.#heardAtMs = performance.now();
    this.#attempt = 0;
    this.#watch();
  }

  /** A connection that says nothing for 25 s is dead, whatever the browser believes. */
  #watch(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#fail(), LATE_S * 1000);
  }

  #fail(): void {
    this.#close();
    if (this.#stopped) return;
    this.#attempt += 1;
    this.#wait = setTimeout(
      () => this.#open(),
      waitBeforeMs(this.#attempt, (this.parts.random ?? Math.random)()),
    );
    this.parts.broke();
  }

  #close(): void {
    clearTimeout(this.#wait);
    clearTimeout(this.#silence);
    this.#source?.close();
    this.#source = null;
  }
}
