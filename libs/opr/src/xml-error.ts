/**
 * Why a document is refused:
 *
 * | rule                | the document …                                                            |
 * | ------------------- | ------------------------------------------------------------------------- |
 * | `empty`             | has no content                                                            |
 * | `encoding`          | is not UTF-8, or declares another encoding than UTF-8 or US-ASCII         |
 * | `not_well_formed`   | is no XML 1.0 with namespaces                                             |
 * | `doctype`           | has a DOCTYPE                                                             |
 * | `root`              | has a root element that is no OPR document, or not the one asked for      |
 * | `namespace`         | has the right root element in another namespace                           |
 * | `enum`              | has a value that is none of the words of its element                      |
 * | `type`              | has a value that is not of the type of its element or attribute           |
 * | `repeated`          | has an element twice that an object has once                              |
 * | `limit_size`        | is larger than the limit, and so for the other limits                     |
 */
export type OprXmlRule =
  | 'empty'
  | 'encoding'
  | 'not_well_formed'
  | 'doctype'
  | 'root'
  | 'namespace'
  | 'enum'
  | 'type'
  | 'repeated'
  | 'limit_size'
  | 'limit_depth'
  | 'limit_attributes'
  | 'limit_text'
  | 'limit_elements';

/** Where in a document reading stopped. */
export interface XmlPlace {
  /** Counted from 1. */
  line: number;
  /** How many characters of that line were read. */
  column: number;
  /** The element that is refused, or in which reading stopped. Absent outside the root element. */
  element?: string;
}

/** A document that is refused, in words that may be shown to its sender: they quote at most 40 characters of it. */
export class OprXmlError extends Error {
  override readonly name = 'OprXmlError';
  readonly line: number;
  readonly column: number;
  readonly element: string | undefined;

  constructor(
    readonly rule: OprXmlRule,
    { line, column, element }: XmlPlace,
    reason: string,
  ) {
    const shown = element === undefined ? undefined : cut(element);
    super(`line ${line}${shown === undefined ? '' : `, element ${shown}`}, rule ${rule}: ${reason}`);
    this.line = line;
    this.column = column;
    this.element = shown;
  }
}

const QUOTED = 40;

const cut = (text: string): string => (text.length > QUOTED ? `${text.slice(0, QUOTED - 1)}…` : text);

/** A piece of the document for a message: short, on one line. */
export const quote = (text: string): string => JSON.stringify(cut(text));
