import type { Entry, Field, Scalar, TypeName } from './element';
import { ROOTS, TABLE } from './table';

/** The table as reader and writer use it: names computed, references between types resolved. */
export interface Shape {
  /** Values of the attributes `type` and `version`. */
  readonly marks: { readonly type?: string; readonly version?: string };
  readonly attributes: ReadonlyMap<string, AttributeSlot>;
  /** By element name. Iterates in the order of the schema. */
  readonly slots: ReadonlyMap<string, Slot>;
}

export interface AttributeSlot {
  readonly key: string;
  readonly scalar: Scalar;
}

/** The place of one element in a type. */
export type Slot = ScalarSlot | ObjectSlot | WrapperSlot;

interface Place {
  readonly key: string;
  readonly element: string;
  readonly repeats: boolean;
  readonly open: boolean | string;
}

export interface ScalarSlot extends Place {
  readonly holds: 'scalar';
  readonly scalar: Scalar;
}

export interface ObjectSlot extends Place {
  readonly holds: 'object';
  readonly shape: Shape;
}

export interface WrapperSlot extends Place {
  readonly holds: 'wrapper';
  /** By element name. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Where the owner keeps what else stands in the wrapper. */
  readonly extraKey: string;
}

/** `subCategory` → `sub_category`. */
export const elementName = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

interface Draft extends Shape {
  readonly attributes: Map<string, AttributeSlot>;
  readonly slots: Map<string, Slot>;
}

function compile(table: Readonly<Record<TypeName, Entry>>): (name: TypeName) => Shape {
  const names = Object.keys(table) as TypeName[];
  const drafts = new Map<TypeName, Draft>();
  const draftOf = (name: TypeName): Draft => drafts.get(name)!;
  for (const name of names) {
    const { urn, version } = table[name];
    drafts.set(name, { marks: { type: urn, version }, attributes: new Map(), slots: new Map() });
  }
  for (const name of names) {
    const { attributes, slots } = draftOf(name);
    for (const [key, field] of Object.entries(table[name].attributes ?? {}))
      attributes.set(elementName(key), { key, scalar: field.content });
    for (const [key, field] of Object.entries(table[name].elements))
      slots.set(elementName(key), slotOf(key, field, draftOf));
  }
  return draftOf;
}

function slotOf(key: string, { content, repeats, open }: Field<unknown>, shapeOf: (name: TypeName) => Shape): Slot {
  const place: Place = { key, element: elementName(key), repeats, open };
  if (typeof content === 'string') return { ...place, holds: 'object', shape: shapeOf(content) };
  if (!(content instanceof Map)) return { ...place, holds: 'scalar', scalar: content as Scalar };
  const shapes = new Map([...content].map(([element, name]: [string, TypeName]) => [element, shapeOf(name)]));
  return { ...place, holds: 'wrapper', shapes, extraKey: `$${key}` };
}

const shapeOf = compile(TABLE);

/** The types of a document by the name of its root element. */
export const ROOT_SHAPES: ReadonlyMap<string, Shape> = new Map(
  Object.entries(ROOTS).map(([element, name]) => [element, shapeOf(name)]),
);
