import { spawn } from 'node:child_process';
import { parse } from 'node:path';
import type { Account } from './account';
import { EmbeddedPostgresError, errorText } from './errors';

const KEPT_OUTPUT = 8_192;

export interface CommandResult {
  code: number | null;
  output: string;
}

/** PostgreSQL's programs see nothing of the core's environment, which may hold secrets. */
export function childEnvironment(): NodeJS.ProcessEnv {
  const inherited = ['PATH', 'LD_LIBRARY_PATH', 'SystemRoot', 'TEMP', 'TMP'].map((name) => [name, process.env[name]]);
  return { ...Object.fromEntries(inherited.filter(([, value]) => value !== undefined)), LC_ALL: 'C', TZ: 'UTC' };
}

/**
 * The start-up options of every PostgreSQL program: a session of its own, so that Ctrl-C in the core's terminal does
 * not reach it, and a working folder that every account can enter.
 */
export const childOptions = (account: Account | undefined) => ({
  cwd: parse(process.cwd()).root,
  env: childEnvironment(),
  detached: true,
  windowsHide: true,
  ...(account && { uid: account.uid, gid: account.gid }),
});

/** Runs a program to its end, or kills it and all it started when the time is up. */
export function runCommand(
  file: string,
  args: readonly string[],
  { account, timeoutMs }: { account?: Account; timeoutMs: number },
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...childOptions(account), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-KEPT_OUTPUT));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);

    const timer = setTimeout(() => {
      killSession(child.pid);
      reject(new EmbeddedPostgresError(`${file} did not finish within ${timeoutMs / 1000} s.\n${output}`));
    }, timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(new EmbeddedPostgresError(`${file} cannot be run: ${errorText(error)}`));
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output: output.trim() });
    });
  });
}

function killSession(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}
