import { createInterface } from 'node:readline';
import { hashPassword } from './connected-servers/credentials';

/** Reads a password from standard input and writes its hash, as the configuration takes it in the place of the password. */
async function main(): Promise<void> {
  if (process.stdin.isTTY) process.stderr.write('Password: ');
  for await (const password of createInterface({ input: process.stdin })) {
    if (password === '') break;
    process.stdout.write(`${await hashPassword(password)}\n`);
    return;
  }
  process.stderr.write('No password came on standard input\n');
  process.exitCode = 2;
}

void main();
