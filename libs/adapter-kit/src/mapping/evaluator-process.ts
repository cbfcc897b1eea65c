import { LIQUID_OPTIONS, TAGS_LEFT_OUT } from './sources';

/** What one evaluation may take. */
export const EVALUATION_LIMITS = {
  /** Then the process that evaluates is killed. */
  timeMs: 250,
  /** Heap of that process. */
  memoryMb: 64,
  /** Of the JSON that an expression or template is given. */
  inputLength: 4 * 1024 * 1024,
  /** Of the JSON of what comes out. */
  outputLength: 2 * 1024 * 1024,
} as const;

export interface EvaluationRequest {
  language: 'liquid' | 'jsonata';
  text: string;
  /** JSON. */
  input: string;
}

/** `json` is absent where nothing came out. */
export type EvaluationReply =
  | { ok: true; json?: string }
  | { ok: false; reason: 'too large' }
  | { ok: false; reason: 'failed'; code?: string; position?: number; line?: string };

/**
 * JSONata's own guards. They end most of what never ends by itself with a code that tells why; a regular expression that
 * backtracks for ever they cannot see.
 */
const JSONATA_OPTIONS = { timeout: 200, stack: 500, sequence: 100_000 } as const;

/**
 * What the process runs, as plain JavaScript that is passed to `node -e`: so it starts from a built package and from sources
 * alike. It gets the absolute paths of its two libraries, has no environment, and ends when its channel does; while an
 * evaluation keeps it from seeing that, a thread sees that its parent is gone. (Windows tells no other parent then; there the
 * next answer that nobody takes ends it.)
 */
export const EVALUATOR_SCRIPT = `
'use strict';
const jsonata = require(process.argv[1]);
const { Liquid } = require(process.argv[2]);
const liquid = new Liquid(${JSON.stringify(LIQUID_OPTIONS)});
for (const tag of ${JSON.stringify(TAGS_LEFT_OUT)}) delete liquid.tags[tag];

const kept = new Map();
function compiled(language, text) {
  const key = language + text;
  if (!kept.has(key)) {
    if (kept.size >= 500) kept.clear();
    kept.set(key, language === 'liquid' ? liquid.parse(text) : jsonata(text, ${JSON.stringify(JSONATA_OPTIONS)}));
  }
  return kept.get(key);
}

async function evaluate({ language, text, input }) {
  const source = compiled(language, text);
  const value = language === 'liquid' ? liquid.renderSync(source, JSON.parse(input)) : await source.evaluate(JSON.parse(input));
  if (typeof value === 'string' && value.length > ${EVALUATION_LIMITS.outputLength}) return { ok: false, reason: 'too large' };
  const json = JSON.stringify(value);
  return json !== undefined && json.length > ${EVALUATION_LIMITS.outputLength} ? { ok: false, reason: 'too large' } : { ok: true, json };
}

function failure(error) {
  const [code, position, message] = [error?.code, error?.position, String(error?.message ?? '')];
  return {
    ok: false,
    reason: 'failed',
    code: /^[A-Z]\\d{4}$/.test(code) ? code : undefined,
    position: typeof position === 'number' ? position : undefined,
    line: /line:\\d+, col:\\d+/.exec(message)?.[0],
  };
}

const watch = "const ppid = require('node:worker_threads').workerData; setInterval(() => { if (process.ppid !== ppid) process.kill(process.pid, 'SIGKILL'); }, 500);";
const watcher = new (require('node:worker_threads').Worker)(watch, { eval: true, workerData: process.ppid, resourceLimits: { maxOldGenerationSizeMb: 8 } });

process.on('message', (request) => {
  evaluate(request).catch(failure).then((reply) => process.send(reply));
});
watcher.once('online', () => {
  watcher.unref();
  process.send('ready');
});
`;
