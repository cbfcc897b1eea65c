import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { SECRETS } from './installation';

/** Runs a program of the built core as an operator does, in the folder of a configuration. */
export async function runProgram(
  file: string,
  folder: string,
  words: readonly string[],
): Promise<{ code: number; out: string; err: string }> {
  const program = require.resolve('@opr-connect/core').replace(/index\.js$/, file);
  const options = { cwd: folder, env: { PATH: process.env['PATH'] ?? '', ...SECRETS } };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...words], options);
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}
