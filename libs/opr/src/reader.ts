import { SaxesParser, type SaxesAttributeNS, type SaxesTagNS } from 'saxes';
import type { Scalar } from './element';
import type { OprLimits } from './limits';
import type { Extra, ExtraAttribute, ExtraElement, OprDocument } from './model';
import { OPR_NAMESPACE, XMLNS_NAMESPACE, XS_NAMESPACE, XSI_NAMESPACE, XSI_READ } from './namespaces';
import type { ScalarSlot, Shape, Slot, WrapperSlot } from './shape';
import { OprXmlError, quote, type OprXmlRule } from './xml-error';

/** An object of the model while it is being read: only keys of the table and `$` keys are ever set. */
type Draft = Record<string, unknown> & { $attributes?: Record<string, unknown>; $extra?: Extra };

/** An element that is open. Its value already hangs in its owner's, except a scalar, which is known when it ends. */
type Frame = ObjectFrame | ScalarFrame | WrapperFrame | ExtraFrame;

interface Open {
  element: string;
  /** Characters of text so far. */
  characters: number;
}

interface ObjectFrame extends Open {
  is: 'object';
  shape: Shape;
  value: Draft;
}

interface ScalarFrame extends Open {
  is: 'scalar';
  slot: ScalarSlot;
  owner: Draft;
  text: string;
}

interface WrapperFrame extends Open {
  is: 'wrapper';
  slot: WrapperSlot;
  owner: Draft;
  values: Draft[];
}

interface ExtraFrame extends Open {
  is: 'extra';
  value: ExtraElement;
}

// Whatever version of XML is declared, the rules of 1.0 apply: what this library reads, it can write.
const SAXES = { xmlns: true, position: false, defaultXMLVersion: '1.0', forceXMLVersion: true } as const;

/** The parser goes on after an error, unless to report it throws. */
class StrictParser extends SaxesParser<typeof SAXES> {
  constructor(private readonly refuse: (message: string) => never) {
    super(SAXES);
  }

  override fail(message: string): this {
    return this.refuse(message);
  }
}

const BLANK = /^[ \t\r\n]*$/;

/** Reads one document. */
export class Reader {
  // The messages of the parser quote the document after a colon.
  private readonly parser = new StrictParser((message) => this.fail('not_well_formed', message.replace(/:.*$/s, '')));
  private readonly frames: Frame[] = [];
  private document?: { root: string; value: Draft };
  private elements = 0;
  private attributes = 0;

  constructor(
    /** The types that a document may be of, by the name of its root element. */
    private readonly roots: ReadonlyMap<string, Shape>,
    private readonly limits: OprLimits,
  ) {
    // Six handlers at most: with a seventh, V8 keeps the parser as a dictionary and reading takes three times as long.
    this.parser.on('doctype', () => this.fail('doctype', 'a document must not have a DOCTYPE'));
    this.parser.on('attribute', ({ value }) => this.countAttribute(value));
    this.parser.on('opentag', (tag) => this.open(tag));
    this.parser.on('text', (text) => this.text(text));
    this.parser.on('cdata', (text) => this.text(text));
    this.parser.on('closetag', () => this.close());
  }

  read(text: string): OprDocument {
    this.parser.write(text).close();
    // The table made this value, and the table is what its type is inferred from.
    return this.document as OprDocument;
  }

  private get top(): Frame | undefined {
    return this.frames[this.frames.length - 1];
  }

  private fail(rule: OprXmlRule, reason: string, element = this.top?.element): never {
    const { line, column } = this.parser;
    throw new OprXmlError(rule, { line, column, element }, reason);
  }

  private countAttribute(value: string): void {
    if (++this.attributes > this.limits.attributes)
      this.fail('limit_attributes', `an element has more than ${this.limits.attributes} attributes`);
    if (value.length > this.limits.text)
      this.fail('limit_text', `an attribute has more than ${this.limits.text} characters`);
  }

  private open(tag: SaxesTagNS): void {
    if (++this.elements > this.limits.elements)
      this.fail('limit_elements', `the document has more than ${this.limits.elements} elements`);
    if (this.frames.length >= this.limits.depth)
      this.fail('limit_depth', `elements are more than ${this.limits.depth} deep inside each other`);
    const parent = this.top;
    this.frames.push(parent ? this.openIn(parent, tag) : this.openRoot(tag));
    this.attributes = 0;
  }

  private openRoot(tag: SaxesTagNS): Frame {
    const { encoding = 'UTF-8' } = this.parser.xmlDecl;
    if (!/^(utf-?8|us-ascii)$/i.test(encoding))
      this.fail('encoding', `the declared encoding ${quote(encoding)} is neither UTF-8 nor US-ASCII`);
    const root = tag.local;
    const shape = this.roots.get(root);
    if (!shape) return this.fail('root', `the root element must be ${oneOf([...this.roots.keys()])}`, root);
    if (tag.uri !== OPR_NAMESPACE)
      return this.fail('namespace', `the root element must be in namespace ${OPR_NAMESPACE}`, root);
    this.document = { root, value: {} };
    return this.openObject(tag, shape, this.document.value);
  }

  private openIn(parent: Frame, tag: SaxesTagNS): Frame {
    const name = tag.uri === OPR_NAMESPACE ? tag.local : '';
    switch (parent.is) {
      case 'object': {
        const slot = parent.shape.slots.get(name);
        return slot ? this.openSlot(tag, slot, parent.value) : this.openExtra(tag, extraOf(parent));
      }
      case 'wrapper': {
        const shape = parent.slot.shapes.get(name);
        if (!shape) return this.openExtra(tag, extraOf(parent));
        const value = { kind: name };
        parent.values.push(value);
        return this.openObject(tag, shape, value);
      }
      case 'extra':
        return this.openExtra(tag, parent.value);
      case 'scalar':
        return this.fail('type', 'it must hold a plain value, not elements');
    }
  }

  private openSlot(tag: SaxesTagNS, slot: Slot, owner: Draft): Frame {
    const { key, element } = slot;
    if (!slot.repeats && owner[key] !== undefined)
      this.fail('repeated', 'it must not stand twice in one object', element);
    // What is marked as no value is read like every other, into an object that nobody will see.
    if (this.ownAttributes(tag).some(isNil)) owner = {};
    switch (slot.holds) {
      case 'scalar':
        return { is: 'scalar', element, slot, owner, text: '', characters: 0 };
      case 'object': {
        const value: Draft = {};
        put(owner, slot, value);
        return this.openObject(tag, slot.shape, value);
      }
      case 'wrapper': {
        const frame: WrapperFrame = { is: 'wrapper', element, slot, owner, values: [], characters: 0 };
        owner[key] = frame.values;
        for (const attribute of this.ownAttributes(tag)) this.keepAttribute(attribute, extraOf(frame));
        return frame;
      }
    }
  }

  private openObject(tag: SaxesTagNS, shape: Shape, value: Draft): Frame {
    const frame: ObjectFrame = { is: 'object', element: tag.local, shape, value, characters: 0 };
    for (const attribute of this.ownAttributes(tag)) {
      if (attribute.uri === XSI_NAMESPACE && XSI_READ.has(attribute.local)) continue;
      if (attribute.uri !== '' || !this.takeAttribute(attribute, frame)) this.keepAttribute(attribute, extraOf(frame));
    }
    return frame;
  }

  private openExtra(tag: SaxesTagNS, parent: Extra): Frame {
    const value: ExtraElement = { name: tag.local };
    if (tag.uri !== OPR_NAMESPACE) value.namespace = tag.uri;
    for (const attribute of this.ownAttributes(tag)) this.keepAttribute(attribute, value);
    (parent.content ??= []).push(value);
    return { is: 'extra', element: tag.local, value, characters: 0 };
  }

  private ownAttributes(tag: SaxesTagNS): SaxesAttributeNS[] {
    return this.attributes === 0 ? [] : Object.values(tag.attributes).filter(({ uri }) => uri !== XMLNS_NAMESPACE);
  }

  /** Takes an attribute that the model names. The marks are kept only where they are not those of the table. */
  private takeAttribute({ local, value }: SaxesAttributeNS, { shape, value: object, element }: ObjectFrame): boolean {
    const slot = shape.attributes.get(local);
    if (slot) {
      const parsed = this.parse(slot.scalar, value, element, `attribute ${local}: `);
      if (parsed !== undefined) (object.$attributes ??= {})[slot.key] = parsed;
      return true;
    }
    if (local !== 'type' && local !== 'version') return false;
    if (value !== shape.marks[local]) (object.$attributes ??= {})[local] = value;
    return true;
  }

  private keepAttribute({ local, uri, value }: SaxesAttributeNS, extra: Extra): void {
    const attribute: ExtraAttribute = { name: local, value };
    if (uri !== '') attribute.namespace = uri;
    if (uri === XSI_NAMESPACE && local === 'type') attribute.value = this.typeName(value);
    (extra.attributes ??= []).push(attribute);
  }

  /** An `xsi:type` in the prefixes that are written: `xs`, and none for the data model. */
  private typeName(value: string): string {
    const [prefix, local] = value.trim().split(':');
    if (prefix === undefined || local === undefined) return value;
    const namespace = this.parser.resolve(prefix);
    if (namespace === XS_NAMESPACE) return `xs:${local}`;
    return namespace === OPR_NAMESPACE ? local : value;
  }

  private text(text: string): void {
    const frame = this.top;
    if (!frame || text === '') return;
    const indents = frame.is === 'object' || frame.is === 'wrapper';
    if (indents && BLANK.test(text)) return;
    frame.characters += text.length;
    if (frame.characters > this.limits.text)
      this.fail('limit_text', `it has more than ${this.limits.text} characters of text`);
    if (frame.is === 'scalar') frame.text += text;
    else addText(frame.is === 'extra' ? frame.value : extraOf(frame), text);
  }

  private close(): void {
    const frame = this.frames.pop();
    if (frame?.is === 'scalar') {
      const value = this.parse(frame.slot.scalar, frame.text, frame.element);
      if (value !== undefined) put(frame.owner, frame.slot, value);
    } else if (frame?.is === 'extra') {
      dropIndentation(frame.value);
    }
  }

  private parse(scalar: Scalar, text: string, element: string, where = ''): unknown {
    const trimmed = scalar.verbatim ? text : text.trim();
    if (trimmed === '' && !scalar.verbatim) return undefined;
    const value = scalar.parse(trimmed);
    if (value === undefined)
      this.fail(scalar.words ? 'enum' : 'type', `${where}${quote(trimmed)} is not ${scalar.expected}`, element);
    return value;
  }
}

const isNil = ({ uri, local, value }: SaxesAttributeNS): boolean =>
  uri === XSI_NAMESPACE && local === 'nil' && (value === 'true' || value === '1');

function put(owner: Draft, slot: Slot, value: unknown): void {
  if (slot.repeats) ((owner[slot.key] ??= []) as unknown[]).push(value);
  else owner[slot.key] = value;
}

/** Where the unknown parts of an element are kept. */
function extraOf(frame: ObjectFrame | WrapperFrame): Extra {
  if (frame.is === 'object') return (frame.value.$extra ??= {});
  return (frame.owner[frame.slot.extraKey] ??= {}) as Extra;
}

function addText(extra: Extra, text: string): void {
  const content = (extra.content ??= []);
  const last = content.length - 1;
  const before = content[last];
  if (typeof before === 'string') content[last] = before + text;
  else content.push(text);
}

function dropIndentation(extra: Extra): void {
  if (!extra.content?.some((part) => typeof part !== 'string')) return;
  if (extra.content.every((part) => typeof part !== 'string' || BLANK.test(part)))
    extra.content = extra.content.filter((part) => typeof part !== 'string');
}

const oneOf = (words: readonly string[]): string => (words.length === 1 ? words.join() : `one of ${words.join(', ')}`);
