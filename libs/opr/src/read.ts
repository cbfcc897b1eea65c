import { isUtf8 } from 'node:buffer';
import { completed, type OprLimits } from './limits';
import type { EventChange, OprDocument, OprEvent } from './model';
import { Reader } from './reader';
import { ROOT_SHAPES } from './shape';
import { OprXmlError } from './xml-error';

const ANY_ROOT = [...ROOT_SHAPES.keys()];

/**
 * Reads a document. Strict about XML, tolerant about the model:
 *
 * - elements are known by namespace and name, in any order, with any prefix;
 * - what the model does not know is kept in `$extra`; only attributes of an element that holds a plain value are dropped;
 * - a value is read by its place, whatever its `xsi:type` says; an element with `xsi:nil` counts as absent;
 * - texts are kept as they are; around every other value white space is ignored, and an empty one counts as absent;
 * - an element that an object has once must not stand there twice: a document does not say two things about one property.
 *
 * Throws `OprXmlError` at the first thing that it refuses, and no other error.
 */
export function readOpr(input: Uint8Array | string, limits: Partial<OprLimits> = {}): OprDocument {
  return read(ANY_ROOT, input, limits);
}

/** Reads a document whose root element is `event`, as `readOpr` does. */
export function readEvent(input: Uint8Array | string, limits: Partial<OprLimits> = {}): OprEvent {
  return read(['event'], input, limits).value as OprEvent;
}

/** Reads a document whose root element is `event_change`, as `readOpr` does. */
export function readEventChange(input: Uint8Array | string, limits: Partial<OprLimits> = {}): EventChange {
  return read(['event_change'], input, limits).value as EventChange;
}

function read(roots: readonly string[], input: Uint8Array | string, limits: Partial<OprLimits>): OprDocument {
  const all = completed(limits);
  return new Reader(roots, all).read(decode(input, all.size));
}

const START = { line: 1, column: 0 };
const EMPTY = /^\uFEFF?[ \t\r\n]*$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

function decode(input: Uint8Array | string, limit: number): string {
  const size = typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength;
  if (size > limit) throw new OprXmlError('limit_size', START, `the document has more than ${limit} bytes`);
  if (typeof input === 'string' ? LONE_SURROGATE.test(input) : !isUtf8(input))
    throw new OprXmlError('encoding', START, 'the document is not valid UTF-8');
  const text = typeof input === 'string' ? input : Buffer.from(input.buffer, input.byteOffset, size).toString();
  if (EMPTY.test(text)) throw new OprXmlError('empty', START, 'the document is empty');
  return text;
}
