import { readFileSync, statSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { ConfigError, reasonOf } from './config-error';

const MAX_BYTES = 1_000_000;
const MAX_DEPTH = 32;
const MAX_ALIASES = 100;
const MAX_NODES = 100_000;
const MAX_PROBLEMS = 20;
const TOO_DEEP = `is nested more than ${MAX_DEPTH} levels deep`;

/** Reads a YAML file into plain maps, lists, texts, numbers and booleans; an empty file is an empty map. */
export function readYamlFile(file: string): unknown {
  const refuse = (...problems: string[]) => new ConfigError(file, problems);
  let bytes: Buffer;
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES) throw refuse(`is larger than ${MAX_BYTES} bytes`);
    bytes = readFileSync(file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw refuse(`cannot be read (${reasonOf(error)})`);
  }
  let source: string;
  try {
    source = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refuse('is not UTF-8 text');
  }
  const { value, problems } = parseYaml(source);
  if (problems.length > 0) throw refuse(...problems);
  return value;
}

/** Problems carry line and column but nothing of the text around, where a secret may stand. */
export function parseYaml(source: string): { value?: unknown; problems: string[] } {
  const lines = new LineCounter();
  try {
    const document = parseDocument(shield(source), { lineCounter: lines, prettyErrors: false, schema: 'core' });
    const problems = [...document.errors, ...document.warnings].slice(0, MAX_PROBLEMS).map(({ message, pos }) => {
      const { line, col } = lines.linePos(pos[0]);
      if (message.startsWith('Maximum call stack')) throw new BadShape(TOO_DEEP);
      return `line ${line}, column ${col}: ${message.split(/[:;]/)[0]?.trim()}`;
    });
    if (problems.length > 0) return { problems };
    return { value: restore(document.toJS({ maxAliasCount: MAX_ALIASES })), problems };
  } catch (error) {
    if (error instanceof BadShape) return { problems: [error.message] };
    if (error instanceof RangeError) return { problems: [TOO_DEEP] };
    // What the parser throws for an alias.
    if (error instanceof ReferenceError) return { problems: [aliasProblem(error)] };
    throw error;
  }
}

class BadShape extends Error {}

const aliasProblem = ({ message }: ReferenceError) =>
  message.startsWith('Unresolved')
    ? 'has a YAML alias whose anchor does not come before it'
    : `uses more than ${MAX_ALIASES} YAML aliases`;

/**
 * In a map or list in one line, `{ password: ${NAME} }`, the braces of a reference would be YAML's. They are exchanged
 * for two characters of the private use area while YAML is at work: one for one, so lines and columns stay right.
 */
const shield = (source: string) => source.replace(/\$\{([^{}\s]*)\}/g, '$\u{e000}$1\u{e001}');
const unshield = (text: string) => text.replace(/\$\u{e000}([^\u{e001}]*)\u{e001}/gu, '${$1}');

/** Fields without a value count as not given. The file is small, but aliases can make much out of little. */
function restore(root: unknown): unknown {
  let nodes = 0;
  function walk(value: unknown, depth: number): unknown {
    if (depth > MAX_DEPTH) throw new BadShape(TOO_DEEP);
    if (++nodes > MAX_NODES) throw new BadShape(`has more than ${MAX_NODES} values`);
    if (typeof value === 'string') return unshield(value);
    if (Array.isArray(value)) return value.map((item) => walk(item, depth + 1));
    if (typeof value !== 'object' || value === null) return value;
    const fields = Object.entries(value).filter(([, field]) => field !== null);
    return Object.fromEntries(fields.map(([name, field]) => [unshield(name), walk(field, depth + 1)]));
  }
  return walk(root, 0) ?? {};
}
