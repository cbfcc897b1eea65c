import { readArguments, usage, type Arguments } from './arguments';
import { Sandbox } from './sandbox';
import { Story, type Step } from './story';
import { tools } from './tools';
import type { StartStory } from '@opr-connect/adapter-kit/testing';

const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

async function main(): Promise<number> {
  const known = await tools();
  let args: Arguments | 'help';
  try {
    args = readArguments(process.argv.slice(2), known.keys());
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage(known.keys())}`);
    return EXIT.usage;
  }
  if (args === 'help') {
    process.stdout.write(usage(known.keys()));
    return EXIT.ok;
  }
  return run(args, known.get(args.tool) as StartStory);
}

async function run(args: Arguments, startTool: StartStory): Promise<number> {
  const say = (line: string): void => void (args.json ? process.stderr : process.stdout).write(`${line}\n`);
  const begun = performance.now();
  const interrupted = interruption();
  let sandbox: Sandbox | undefined;
  const steps: Step[] = [];
  try {
    sandbox = await Sandbox.start({ ...args, startTool, onProgress: (line) => say(`      … ${line}`) });
    say('');
    const story = new Story(sandbox, (step) => {
      steps.push(step);
      say(
        `${String(step.ms).padStart(5)} ms  ${step.what}\n          ${step.seen}${step.url ? `\n          ${step.url}` : ''}`,
      );
    });
    const told = await Promise.race([story.tell(), interrupted.then(() => undefined)]);
    if (!told) return EXIT.ok;
    if (args.json)
      process.stdout.write(
        `${JSON.stringify({ ok: true, ms: Math.round(performance.now() - begun), steps }, null, 2)}\n`,
      );
    if (!args.once) {
      say(`\nEverything stays up until Ctrl-C. In OBM log in as console with the password ${sandbox.operatorPassword}`);
      await interrupted;
    }
    return EXIT.ok;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (args.json) process.stdout.write(`${JSON.stringify({ ok: false, reason, steps }, null, 2)}\n`);
    process.stderr.write(`The demo failed. ${reason}\n`);
    return EXIT.failed;
  } finally {
    say('stopping …');
    await sandbox?.close();
  }
}

/** Resolves at the first Ctrl-C or SIGTERM. A second one ends the process as usual. */
const interruption = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(EXIT.failed);
  },
);
