import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';

const MAIN = join(__dirname, '../main.js');
const START_MS = 30_000;

export interface StartOptions {
  /** For Node.js itself, such as a script to load before the core. */
  nodeArguments?: readonly string[];
  /** How long a start may take, in milliseconds. */
  withinMs?: number;
}

/** The built core as a process of its own: it can be stopped as an operator stops it, or killed as a machine dies. */
export class CoreProcess {
  private constructor(
    private readonly process_: ChildProcess,
    readonly url: string,
    /** What it wrote to standard error, for people. */
    readonly told: string[],
    /** What it logged. */
    readonly log: string[],
  ) {}

  /**
   * Starts it and waits until it listens.
   *
   * @throws with what it said, if it ends before
   */
  static async start(
    environment: Record<string, string>,
    folder: string,
    { nodeArguments = [], withinMs = START_MS }: StartOptions = {},
  ): Promise<CoreProcess> {
    const child = spawn(process.execPath, [...nodeArguments, MAIN], {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'info', OPR_CONNECT_PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const told: string[] = [];
    const log: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => log.push(text));
    const url = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`the core did not start in time: ${told.join('')}`));
      }, withinMs);
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        told.push(text);
        const [, listening] = /listens on (\S+)/.exec(told.join('')) ?? [];
        if (!listening) return;
        clearTimeout(timer);
        resolve(listening);
      });
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new CoreEnded(code, told.join('')));
      });
    });
    return new CoreProcess(child, url, told, log);
  }

  /** As `kill -9` does: nothing is finished. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** As an operator does. Answers the exit code. */
  async stop(): Promise<number | null> {
    return this.end('SIGTERM');
  }

  get hasEnded(): boolean {
    return this.process_.exitCode !== null || this.process_.signalCode !== null;
  }

  /** Sends a signal that does not end it: `SIGSTOP` holds it up as a machine that swaps does, `SIGCONT` lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGUSR2'): void {
    this.process_.kill(signal);
  }

  private async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.hasEnded) return this.process_.exitCode;
    const exited = once(this.process_, 'exit');
    this.process_.kill(signal);
    const [code] = await exited;
    return code as number | null;
  }
}

/** The core ended instead of listening. */
export class CoreEnded extends Error {
  constructor(
    readonly code: number | null,
    readonly said: string,
  ) {
    super(`the core ended with ${code}: ${said}`);
  }
}

/**
 * Below what a system takes for connections to others, from 32768 on at the earliest: a port of theirs could be gone between the
 * look and its use.
 */
const PORTS = { from: 20_000, to: 32_000 };
const given = new Set<number>();

/** A port of this machine that nobody listens on, for who must know it before it is used. Never the same twice. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.to);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
