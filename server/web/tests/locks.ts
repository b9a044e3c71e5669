/** The Web Locks that the console uses: one holder a name, a queue, stealing, giving up. */
interface Waiting {
  act: () => Promise<unknown>;
  settle: (result: Promise<unknown>) => void;
}

export class FakeLocks {
  #holders = new Map<string, (error: Error) => void>();
  #queues = new Map<string, Waiting[]>();

  request(name: string, ...rest: unknown[]): Promise<unknown> {
    const act = rest.at(-1) as () => Promise<unknown>;
    const options = (rest.length > 1 ? rest[0] : {}) as { steal?: boolean; signal?: AbortSignal };
    if (options.signal?.aborted) return Promise.reject(new Error("aborted"));
    return new Promise((resolve, reject) => {
      const waiting = { act, settle: (result: Promise<unknown>) => void result.then(resolve, reject) };
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, queue);
      if (options.steal) {
        this.#holders.get(name)?.(new Error("stolen"));
        this.#hold(name, waiting);
      } else if (this.#holders.has(name)) {
        queue.push(waiting);
        options.signal?.addEventListener("abort", () => {
          const at = queue.indexOf(waiting);
          if (at < 0) return;
          queue.splice(at, 1);
          reject(new Error("aborted"));
        });
      } else this.#hold(name, waiting);
    });
  }

  #hold(name: string, waiting: Waiting): void {
    let lose: (error: Error) => void = () => undefined;
    const lost = new Promise<never>((_, reject) => (lose = reject));
    this.#holders.set(name, lose);
    const done = waiting.act().finally(() => {
      if (this.#holders.get(name) !== lose) return;
      this.#holders.delete(name);
      const next = this.#queues.get(name)?.shift();
      if (next) this.#hold(name, next);
    });
    waiting.settle(Promise.race([done, lost]));
  }
}
