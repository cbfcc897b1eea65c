import type { Model } from './model';

/** A named type of the model. */
export type TypeName = keyof Model;

/** How a plain value is written as text, in an element or in an attribute. */
export interface Scalar<T = unknown> {
  /** The value that a text stands for; `undefined` if it stands for none. Gets the text without white space around it. */
  parse(text: string): T | undefined;
  format(value: T): string;
  /** The type that an open value of this kind is marked with. */
  xsiType(value: T): string;
  /** What `parse` accepts, for a message: "… is not <expected>". */
  readonly expected: string;
  /** Texts are taken as they are; of every other value white space is no part, and an empty one is no value. */
  readonly verbatim: boolean;
  /** The words of an enumeration. */
  readonly words?: readonly string[];
}

/** What the table says of one element: what it holds, whether it repeats, whether it is of open type. */
export interface Field<T> {
  /** A plain value; an object of the named type; or (in a wrapper element) any of the elements named here. */
  readonly content: Scalar | TypeName | Choice;
  readonly repeats: boolean;
  /** Written with `xsi:type`. A string is the name of an OPR type; `true` asks the scalar. */
  readonly open: boolean | string;
  /** Never set: it tells the compiler what the field holds. */
  readonly holds?: T;
}

/** A field that can be an attribute as well. */
export interface ScalarField<T> extends Field<T> {
  readonly content: Scalar<T>;
}

/** Element name → type of the elements that may stand in a wrapper, in any order. Their name becomes the value's `kind`. */
export type Choice = ReadonlyMap<string, TypeName>;

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** What the table says of one type. */
export interface Entry {
  /** The value of the attribute `type`. A type without one is written with neither `type` nor `version`. */
  readonly urn?: string;
  /** The value of the attribute `version`: the version of the model, not of the instance. */
  readonly version?: string;
  readonly attributes?: Readonly<Record<string, ScalarField<unknown>>>;
  /** In the order in which they are written. The element's name is the key in snake case. */
  readonly elements: Fields;
}

/** The values that fields hold: all optional, since the schema requires none. */
export type ValuesOf<F> = { -readonly [K in keyof F]?: F[K] extends Field<infer T> ? T : never };

export type AttributeValuesOf<E> = E extends { attributes: infer A } ? ValuesOf<A> : unknown;

const scalar = <T>(content: Scalar<T>): ScalarField<T> => ({
  content,
  repeats: false,
  open: false,
});

/** Any text, kept as it is. */
export const text = scalar<string>({
  parse: (value) => value,
  format: (value) => value,
  xsiType: () => 'xs:string',
  expected: 'text',
  verbatim: true,
});

const whole = (xsiType: string): ScalarField<number> =>
  scalar<number>({
    parse(value) {
      if (!/^[+-]?\d+$/.test(value)) return undefined;
      const number = Number(value);
      return Number.isSafeInteger(number) ? number + 0 : undefined;
    },
    format: String,
    xsiType: () => xsiType,
    expected: `a whole number within ±${Number.MAX_SAFE_INTEGER}`,
    verbatim: false,
  });

export const integer = whole('xs:int');

/** A Java `long`. Beyond the safe integers of JavaScript it is refused rather than rounded. */
export const long = whole('xs:long');

export const boolean = scalar<boolean>({
  parse(value) {
    if (value === 'true' || value === '1') return true;
    if (value === 'false' || value === '0') return false;
    return undefined;
  },
  format: String,
  xsiType: () => 'xs:boolean',
  expected: 'true, false, 1 or 0',
  verbatim: false,
});

const DATE =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?|24:00:00(?:\.0+)?))?(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d|[+-]14:00)?$/;

/** `xs:dateTime` or `xs:date`, with fractions of a second and an offset or without, kept as it was written. */
export const time = scalar<string>({
  parse(value) {
    const [matched, year, month, day] = DATE.exec(value) ?? [];
    if (matched === undefined) return undefined;
    return Number(day) <= 28 || Number(day) <= daysIn(Number(year), Number(month)) ? value : undefined;
  },
  format: (value) => value,
  xsiType: (value) => (value.includes('T') ? 'xs:dateTime' : 'xs:date'),
  expected: 'a time like 2024-03-29T21:00:41.756-04:00 (xs:dateTime) or a date (xs:date)',
  verbatim: false,
});

const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** One of the given words. `aliases` are other spellings that are understood but not written. */
export function word<W extends string>(words: readonly W[], aliases: Readonly<Record<string, W>> = {}): ScalarField<W> {
  const known = new Map<string, W>([...words.map((value): [string, W] => [value, value]), ...Object.entries(aliases)]);
  return scalar<W>({
    parse: (value) => known.get(value),
    format: (value) => value,
    xsiType: () => 'xs:string',
    expected: `one of ${words.join(', ')}`,
    verbatim: false,
    words,
  });
}

/** An element that holds an object. */
export const one = <N extends TypeName>(content: N): Field<Model[N]> => ({ content, repeats: false, open: false });

/** An element that may repeat. */
export function list<T>(item: ScalarField<T>): Field<T[]>;
export function list<N extends TypeName>(item: N): Field<Model[N][]>;
export function list(item: ScalarField<unknown> | TypeName): Field<unknown> {
  return { content: typeof item === 'string' ? item : item.content, repeats: true, open: false };
}

/** An element of open type (`xs:anyType`): written with `xsi:type`, read with any or none. */
export function open<T>(item: ScalarField<T>): Field<T>;
export function open<N extends TypeName>(item: N, xsiType: string): Field<Model[N]>;
export function open(item: ScalarField<unknown> | TypeName, xsiType?: string): Field<unknown> {
  return { content: typeof item === 'string' ? item : item.content, repeats: false, open: xsiType ?? true };
}

/** A wrapper element around elements of several types in any order. */
export const wrapped = <T>(types: Readonly<Record<string, TypeName>>): Field<T[]> => ({
  content: new Map(Object.entries(types)),
  repeats: false,
  open: false,
});
