// ESLint skips the boundary rule silently where it finds no project graph. This fails unless the rule caught the canary.
import { spawnSync } from 'node:child_process';

const { stdout, stderr } = spawnSync('eslint', ['src', '--format', 'json'], { encoding: 'utf8' });
const messages = stdout.trim() ? JSON.parse(stdout).flatMap((file) => file.messages) : [];
const rules = messages.map((message) => message.ruleId);
if (rules.length !== 1 || rules[0] !== '@nx/enforce-module-boundaries') {
  console.error(`The boundaries are not enforced: the canary was reported as ${JSON.stringify(messages)}. ${stderr}`);
  process.exit(1);
}
console.log('The boundaries are enforced: the canary was caught.');
