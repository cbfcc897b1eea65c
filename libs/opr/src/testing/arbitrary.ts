import * as fc from 'fast-check';
import { boolean, integer, long, text, time, type Scalar } from '../element';
import type { Extra, ExtraAttribute, ExtraElement, OprDocument } from '../model';
import { XML_NAMESPACE, XSI_NAMESPACE } from '../namespaces';
import { ROOT_SHAPES, type Shape, type Slot } from '../shape';

const TRICKY = [
  '',
  ' ',
  '\t',
  '\n',
  '\r',
  '\r\n',
  ' x ',
  ']]>',
  '<![CDATA[',
  '<!--',
  '&amp;',
  '&#0;',
  `<a b="c" d='e'>`,
  '%s',
  '\u0085\u2028',
  '\u007f\u009f',
  '\ufeff',
  '\ufffd',
  '😀',
  'e\u0301',
  '\ud7ff\ue000',
  '\u{10ffff}',
  '__proto__',
];

const ILLEGAL = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** Any text that XML can hold. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }).map((value) => value.replace(ILLEGAL, '?')) },
  { weight: 2, arbitrary: fc.array(fc.constantFrom(...TRICKY), { maxLength: 4 }).map((parts) => parts.join('')) },
);

const anyTime = fc
  .tuple(
    fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
    fc.constantFrom('', 'Z', '+00:00', '-04:00', '+14:00', '+05:30'),
    fc.constantFrom(10, 19, 21, 23),
  )
  .map(([date, offset, length]) => date.toISOString().slice(0, length) + offset);

const anyInteger = fc.oneof(fc.integer(), fc.maxSafeInteger());

const SCALARS = new Map<Scalar, fc.Arbitrary<unknown>>([
  [text.content as Scalar, anyText],
  [integer.content as Scalar, anyInteger],
  [long.content as Scalar, anyInteger],
  [boolean.content as Scalar, fc.boolean()],
  [time.content as Scalar, anyTime],
]);

/** A value of a scalar of the table. */
export function valueOf(scalar: Scalar): fc.Arbitrary<unknown> {
  const arbitrary = scalar.words ? fc.constantFrom(...scalar.words) : SCALARS.get(scalar);
  if (!arbitrary) throw new Error(`no values are known for what is ${scalar.expected}`);
  return arbitrary;
}

const NAMES = [
  'x',
  'discovered_os_name',
  'TenantOwner',
  'größe',
  '_',
  'a-b.c',
  '__proto__',
  'constructor',
  'toString',
  'title',
];
const elementNamespace = fc.constantFrom(undefined, '', 'urn:x', 'http://example.net/?a=1&b="2"', XML_NAMESPACE);

const extraAttributes: fc.Arbitrary<ExtraAttribute[]> = fc.uniqueArray(
  fc.oneof(
    fc.record(
      { name: fc.constantFrom(...NAMES), namespace: fc.constantFrom('urn:y', XML_NAMESPACE, "urn:'&"), value: anyText },
      { requiredKeys: ['name', 'value'] },
    ),
    fc.constantFrom(
      { name: 'type', namespace: XSI_NAMESPACE, value: 'xs:string' },
      { name: 'nil', namespace: XSI_NAMESPACE, value: 'true' },
    ),
  ),
  { selector: ({ name, namespace }) => `${namespace} ${name}`, minLength: 1, maxLength: 3 },
);

const { element: extraElement } = fc.letrec<{ element: ExtraElement; part: string | ExtraElement }>((tie) => ({
  part: fc.oneof({ depthSize: 'small' }, anyText, tie('element')),
  element: fc
    .record(
      {
        name: fc.constantFrom(...NAMES),
        namespace: elementNamespace,
        attributes: extraAttributes,
        content: fc.array(tie('part'), { maxLength: 3 }),
      },
      { requiredKeys: ['name'] },
    )
    .map((element) => asRead(element, (content) => !content.some(isElement) || !content.every(isIndentation))),
}));

const isElement = (part: string | ExtraElement): part is ExtraElement => typeof part !== 'string';
const isIndentation = (part: string | ExtraElement): boolean => isElement(part) || /^[ \t\r\n]*$/.test(part);

/** The one form in which a reader gives this content: no empty text, no two texts side by side, no indentation. */
function asRead<E extends Extra>(extra: E, keepsIndentation: (content: (string | ExtraElement)[]) => boolean): E {
  const { content = [], ...rest } = extra;
  const kept = keepsIndentation(content) ? content : content.filter((part) => isElement(part) || !isIndentation(part));
  const joined: (string | ExtraElement)[] = [];
  for (const part of kept) {
    const before = joined[joined.length - 1];
    if (typeof part === 'string' && typeof before === 'string') joined[joined.length - 1] = before + part;
    else if (part !== '') joined.push(part);
  }
  const read = { ...rest, ...(joined.length > 0 && { content: joined }) } as E;
  if ('namespace' in read && read.namespace === undefined) delete read.namespace;
  return read;
}

/** What may stand in `$extra` of an object with these elements. */
function extraOf(known: ReadonlyMap<string, unknown>): fc.Arbitrary<Extra | undefined> {
  const foreign = extraElement.filter(({ name, namespace }) => namespace !== undefined || !known.has(name));
  const attributes = extraAttributes.map((all) => all.filter(({ namespace }) => namespace !== XSI_NAMESPACE));
  return fc
    .record({ attributes, content: fc.array(fc.oneof(anyText, foreign), { maxLength: 3 }) }, { requiredKeys: [] })
    .map((extra) => asRead(extra, () => false))
    .map(({ attributes: own = [], ...rest }) => (own.length > 0 ? { attributes: own, ...rest } : rest))
    .map((extra) => (Object.keys(extra).length > 0 ? extra : undefined));
}

/** A part of these, so that an object of sixty elements stays small enough to look at. */
const someOf = (members: Record<string, fc.Arbitrary<unknown>>, maxLength: number): fc.Arbitrary<object> =>
  fc
    .subarray(Object.keys(members), { maxLength: Math.min(maxLength, Object.keys(members).length) })
    .chain((keys) => fc.record(Object.fromEntries(keys.map((key) => [key, members[key]!]))));

const defined = (object: object): object =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

/** An object of this type as a reader would give it, with at most `depth` objects inside each other. */
export function objectOf(shape: Shape, depth = 3): fc.Arbitrary<object> {
  const slots = [...shape.slots.values()].filter(({ holds }) => depth > 0 || holds === 'scalar');
  const members = Object.fromEntries(slots.map((slot) => [slot.key, slotOf(slot, depth - 1)]));
  const wrapper = slots.find((slot) => slot.holds === 'wrapper');
  return fc
    .tuple(
      someOf(members, 5),
      fc.option(attributesOf(shape), { nil: undefined }),
      fc.option(extraOf(shape.slots), { nil: undefined }),
      wrapper ? fc.option(extraOf(wrapper.shapes), { nil: undefined }) : fc.constant(undefined),
    )
    .map(([elements, $attributes, $extra, inWrapper]) =>
      defined({
        ...elements,
        $attributes: $attributes && Object.keys($attributes).length > 0 ? $attributes : undefined,
        $extra,
        ...(wrapper && wrapper.key in elements && { [wrapper.extraKey]: inWrapper }),
      }),
    );
}

function attributesOf(shape: Shape): fc.Arbitrary<object> {
  const members = Object.fromEntries([...shape.attributes.values()].map(({ key, scalar }) => [key, valueOf(scalar)]));
  return someOf({ ...members, type: anyText, version: anyText }, 3);
}

/** What one element holds. */
export function slotOf(slot: Slot, depth: number): fc.Arbitrary<unknown> {
  switch (slot.holds) {
    case 'scalar':
      return repeated(slot, valueOf(slot.scalar));
    case 'object':
      return repeated(slot, objectOf(slot.shape, depth));
    case 'wrapper':
      return fc.array(fc.oneof(...[...slot.shapes].map(([kind, shape]) => choiceOf(kind, shape, depth))), {
        maxLength: 4,
      });
  }
}

const repeated = (slot: Slot, item: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  slot.repeats ? fc.array(item, { minLength: 1, maxLength: 3 }) : item;

export const choiceOf = (kind: string, shape: Shape, depth: number): fc.Arbitrary<object> =>
  objectOf(shape, depth).map((value) => ({ kind, ...value }));

/** A document with this root element, or with any. */
export const documentOf = (root: OprDocument['root']): fc.Arbitrary<OprDocument> =>
  objectOf(ROOT_SHAPES.get(root)!).map((value) => ({ root, value }) as OprDocument);

export const anyDocument: fc.Arbitrary<OprDocument> = fc.oneof(
  ...[...ROOT_SHAPES.keys()].map((root) => documentOf(root as OprDocument['root'])),
);
