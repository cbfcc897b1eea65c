import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

type Call = { id: number; name: string; argument: unknown };
type Reply = { id: number; value?: unknown; error?: string };
/** What a child process does for the bench, by name. Arguments and values are plain data. */
export type Calls = Record<string, (argument: never) => unknown>;

/** A process beside the core that is told what to do: load, fakes and references must not take turns with what is measured. */
export class Child<C extends Calls> {
  private readonly waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  private calls = 0;

  private constructor(private readonly process_: ChildProcess) {
    process_.on('message', (reply: Reply) => {
      const waiting = this.waiting.get(reply.id);
      this.waiting.delete(reply.id);
      if (reply.error === undefined) waiting?.resolve(reply.value);
      else waiting?.reject(new Error(reply.error));
    });
    process_.once('exit', (code) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`a helping process ended with ${code}`));
      this.waiting.clear();
    });
  }

  /** @param module the file of a program that ends in `serveCalls` */
  static start<C extends Calls>(module: string): Child<C> {
    return new Child<C>(fork(module, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
  }

  call<N extends keyof C & string>(name: N, argument: Parameters<C[N]>[0]): Promise<Awaited<ReturnType<C[N]>>> {
    return new Promise((resolve, reject) => {
      const id = ++this.calls;
      this.waiting.set(id, { resolve: (value) => resolve(value as Awaited<ReturnType<C[N]>>), reject });
      this.process_.send({ id, name, argument } satisfies Call);
    });
  }

  async close(): Promise<void> {
    if (this.process_.exitCode !== null || this.process_.signalCode !== null) return;
    const exited = once(this.process_, 'exit');
    this.process_.kill('SIGKILL');
    await exited;
  }
}

/** The child's side. It ends when the bench does. */
export function serveCalls(calls: Calls): void {
  process.on('message', (call: Call) => {
    void answer(calls, call).then((reply) => process.send?.(reply));
  });
  process.once('disconnect', () => process.exit(0));
}

async function answer(calls: Calls, { id, name, argument }: Call): Promise<Reply> {
  try {
    return { id, value: await calls[name]?.(argument as never) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}
