import { isUtf8 } from 'node:buffer';
import { completed, type OprLimits } from './limits';
import type { EventChange, OprDocument, OprEvent } from './model';
import { Reader } from './reader';
import { ROOT_SHAPES, type Shape } from './shape';
import { OprXmlError } from './xml-error';

type Roots = ReadonlyMap<string, Shape>;

const select = <V>(from: ReadonlyMap<string, V>, ...names: string[]): ReadonlyMap<string, V> =>
  new Map([...from].filter(([name]) => names.includes(name)));

const EVENT: Roots = select(ROOT_SHAPES, 'event');
const EVENT_CHANGE: Roots = select(ROOT_SHAPES, 'event_change');

/** An event of which nothing is known but what counts in an answer. */
const EVENT_ANSWER: Roots = new Map(
  [...EVENT].map(([root, { marks, slots }]) => [
    root,
    { marks, attributes: new Map(), slots: select(slots, 'id', 'drilldown_url') },
  ]),
);

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
  return read(ROOT_SHAPES, input, limits);
}

/** Reads a document whose root element is `event`, as `readOpr` does. */
export function readEvent(input: Uint8Array | string, limits: Partial<OprLimits> = {}): OprEvent {
  return read(EVENT, input, limits).value as OprEvent;
}

/** Reads a document whose root element is `event_change`, as `readOpr` does. */
export function readEventChange(input: Uint8Array | string, limits: Partial<OprLimits> = {}): EventChange {
  return read(EVENT_CHANGE, input, limits).value as EventChange;
}

/** What counts in the answer to an event that was forwarded. */
export interface EventAnswer {
  /** The id of the external record. */
  id?: string;
  /** Its page. */
  drilldownUrl?: string;
}

/**
 * Reads the answer to an event that was forwarded: a root element `event`, of which id and drill-down count and all else is
 * ignored, so that nothing else in it can be wrong (OMi Extensibility Guide, "Forward Events and Event Changes"). These two
 * are read as `readOpr` does, which also refuses what is no such document.
 */
export function readEventAnswer(input: Uint8Array | string, limits: Partial<OprLimits> = {}): EventAnswer {
  const { id, drilldownUrl } = read(EVENT_ANSWER, input, limits).value as EventAnswer;
  return { id, drilldownUrl };
}

function read(roots: Roots, input: Uint8Array | string, limits: Partial<OprLimits>): OprDocument {
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
