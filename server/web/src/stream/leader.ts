/** One stream a browser: the tab that holds the lock reads it and tells the others. Without Web Locks each tab reads. */
import type { StreamMessage } from "@/stream/messages";

export interface LeaderParts {
  /** Different people must never hear each other: part of the lock's and the channel's name. */
  person: string;
  lead: () => void;
  follow: () => void;
  take: (message: StreamMessage) => void;
}

export class Leader {
  #channel: BroadcastChannel | null = null;
  #release: (() => void) | null = null;
  #ended = new AbortController();
  leading = false;

  constructor(private readonly parts: LeaderParts) {}

  start(): void {
    const name = `rw-stream-${this.parts.person}`;
    if (!("locks" in navigator) || !("BroadcastChannel" in globalThis)) {
      this.leading = true;
      this.parts.lead();
      return;
    }
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = (event: MessageEvent<StreamMessage>) => this.parts.take(event.data);
    this.tell({ type: "hello" });
    void this.#queue(name, false);
  }

  /** A visible tab that hears nothing takes over from a leader that the browser has put to sleep. */
  takeOver(): void {
    if (this.leading || !this.#channel) return;
    void this.#queue(this.#channel.name, true);
  }

  tell(message: StreamMessage): void {
    this.#channel?.postMessage(message);
  }

  stop(): void {
    this.#ended.abort();
    this.#release?.();
    this.#channel?.close();
    this.#channel = null;
    this.leading = false;
  }

  async #queue(name: string, steal: boolean): Promise<void> {
    try {
      await navigator.locks.request(name, steal ? { steal } : { signal: this.#ended.signal }, async () => {
        if (this.#ended.signal.aborted || this.leading) return;
        this.leading = true;
        this.parts.lead();
        await new Promise<void>((resolve) => (this.#release = resolve));
      });
    } catch {
      // Another tab took over, or the person left.
      if (this.#ended.signal.aborted) return;
      this.leading = false;
      this.parts.follow();
      void this.#queue(name, false);
    }
  }
}
