import type {
  EventChange,
  EventChangeList,
  Extra,
  ExtraAttribute,
  ExtraElement,
  OprDocument,
  OprEvent,
  OprEventList,
} from './model';
import { OPR_NAMESPACE, XML_NAMESPACE, XMLNS_NAMESPACE, XS_NAMESPACE, XSI_NAMESPACE, XSI_READ } from './namespaces';
import { ROOT_SHAPES, type ObjectSlot, type ScalarSlot, type Shape, type Slot, type WrapperSlot } from './shape';

/**
 * Writes a document: elements in the order of the schema, every type with its URN and version, every open value with its
 * `xsi:type`, then what `$extra` keeps. The same value always gives the same bytes.
 *
 * A character that XML 1.0 has no place for becomes U+FFFD.
 */
export function writeOpr(document: OprDocument): string {
  return new Writer().document(document.root, document.value as Loose);
}

export const writeEvent = (event: OprEvent): string => writeOpr({ root: 'event', value: event });

export const writeEventList = (list: OprEventList): string => writeOpr({ root: 'event_list', value: list });

export const writeEventChange = (change: EventChange): string => writeOpr({ root: 'event_change', value: change });

export const writeEventChangeList = (list: EventChangeList): string =>
  writeOpr({ root: 'event_change_list', value: list });

/** An object of the model by the keys of the table. */
type Loose = Readonly<Record<string, unknown>> & {
  readonly $attributes?: Readonly<Record<string, unknown>>;
  readonly $extra?: Extra;
};

/** Writes one document. */
class Writer {
  private usesXs = false;
  private usesXsi = false;
  private prefixes = 0;

  document(root: string, value: Loose): string {
    const shape = ROOT_SHAPES.get(root);
    if (!shape) throw new TypeError(`${root} is no root element of an OPR document`);
    // The attributes come last: only now is it known which namespaces are used.
    const content = this.content(shape, value);
    const attributes = this.attributes(shape, value);
    const xs = this.usesXs ? ` xmlns:xs="${XS_NAMESPACE}"` : '';
    const xsi = this.usesXsi ? ` xmlns:xsi="${XSI_NAMESPACE}"` : '';
    const namespaces = ` xmlns="${OPR_NAMESPACE}"${xs}${xsi}`;
    return `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, namespaces + attributes, content)}\n`;
  }

  private content(shape: Shape, value: Loose): string {
    let content = '';
    for (const slot of shape.slots.values()) {
      const held = value[slot.key];
      if (held == null) continue;
      if (slot.repeats) for (const item of held as unknown[]) content += this.slot(slot, item, value);
      else content += this.slot(slot, held, value);
    }
    return content + this.extraContent(value.$extra, OPR_NAMESPACE);
  }

  private slot(slot: Slot, value: unknown, owner: Loose): string {
    switch (slot.holds) {
      case 'scalar':
        return element(slot.element, this.xsiType(slot, value), escape(slot.scalar.format(value)));
      case 'object':
        return this.object(slot.element, slot.shape, value as Loose, this.xsiType(slot, value));
      case 'wrapper': {
        const extra = owner[slot.extraKey] as Extra | undefined;
        const values = (value as Loose[]).map((item) => this.choice(slot, item)).join('');
        const content = values + this.extraContent(extra, OPR_NAMESPACE);
        return element(slot.element, this.extraAttributes(extra?.attributes ?? []), content);
      }
    }
  }

  private choice({ element, shapes }: WrapperSlot, value: Loose): string {
    const kind = String(value['kind']);
    const shape = shapes.get(kind);
    if (!shape) throw new TypeError(`${kind} is no element of ${element}`);
    return this.object(kind, shape, value);
  }

  private object(name: string, shape: Shape, value: Loose, xsiType = ''): string {
    return element(name, xsiType + this.attributes(shape, value), this.content(shape, value));
  }

  private xsiType(slot: ScalarSlot | ObjectSlot, value: unknown): string {
    if (slot.open === false) return '';
    const name = slot.holds === 'scalar' ? slot.scalar.xsiType(value) : String(slot.open);
    this.usesXsi = true;
    this.usesXs ||= slot.holds === 'scalar';
    return ` xsi:type="${name}"`;
  }

  private attributes(shape: Shape, { $attributes: own = {}, $extra }: Loose): string {
    let attributes = '';
    for (const [name, { key, scalar }] of shape.attributes)
      if (own[key] != null) attributes += attribute(name, scalar.format(own[key]));
    const { type = shape.marks.type, version = shape.marks.version } = own;
    if (type !== undefined) attributes += attribute('type', String(type));
    if (version !== undefined) attributes += attribute('version', String(version));
    if (!$extra?.attributes) return attributes;
    return attributes + this.extraAttributes($extra.attributes.filter((extra) => !isModelled(shape, extra)));
  }

  private extraAttributes(extras: readonly ExtraAttribute[]): string {
    const distinct = new Map(extras.map((extra) => [`${extra.namespace ?? ''} ${extra.name}`, extra]));
    return [...distinct.values()].map((extra) => this.extraAttribute(extra)).join('');
  }

  private extraAttribute({ name, namespace = '', value }: ExtraAttribute): string {
    checkName(name, namespace);
    switch (namespace) {
      case '':
        return attribute(name, value);
      case XML_NAMESPACE:
        return attribute(`xml:${name}`, value);
      case XSI_NAMESPACE:
        this.usesXsi = true;
        this.usesXs ||= value.startsWith('xs:');
        return attribute(`xsi:${name}`, value);
      default: {
        const prefix = `ns${++this.prefixes}`;
        return attribute(`xmlns:${prefix}`, namespace) + attribute(`${prefix}:${name}`, value);
      }
    }
  }

  private extraContent(extra: Extra | undefined, inherited: string): string {
    if (!extra?.content) return '';
    return extra.content
      .map((part) => (typeof part === 'string' ? escape(part) : this.extraElement(part, inherited)))
      .join('');
  }

  /** `inherited` is the default namespace where the element stands. */
  private extraElement(extra: ExtraElement, inherited: string): string {
    const { name, namespace = OPR_NAMESPACE, attributes = [] } = extra;
    checkName(name, namespace);
    if (namespace === XML_NAMESPACE)
      return element(`xml:${name}`, this.extraAttributes(attributes), this.extraContent(extra, inherited));
    const declaration = namespace === inherited ? '' : attribute('xmlns', namespace);
    return element(name, declaration + this.extraAttributes(attributes), this.extraContent(extra, namespace));
  }
}

const element = (name: string, attributes: string, content: string): string =>
  content === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${content}</${name}>`;

const attribute = (name: string, value: string): string =>
  ` ${name}="${escape(value).replace(/[\t\n]/g, (space) => (space === '\t' ? '&#9;' : '&#10;'))}"`;

/** Everything that text must not hold as it is: markup, a line end that a reader would change, and what is no XML character. */
const SPECIAL = /[&<>"'\r]|[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&apos;'],
  ['\r', '&#13;'],
]);

const escape = (text: string): string => text.replace(SPECIAL, (character) => ESCAPES.get(character) ?? '\uFFFD');

/** Whether an attribute in `$extra` is one that the model writes itself. */
const isModelled = (shape: Shape, { name, namespace }: ExtraAttribute): boolean =>
  namespace
    ? namespace === XSI_NAMESPACE && XSI_READ.has(name)
    : shape.attributes.has(name) || name === 'type' || name === 'version';

/** An XML name without colon ("Namespaces in XML 1.0", NCName). */
const NAME_START =
  'A-Z_a-z\\xC0-\\xD6\\xD8-\\xF6\\xF8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C\\u200D\\u2070-\\u218F\\u2C00-\\u2FEF' +
  '\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD\\u{10000}-\\u{EFFFF}';
const NAME = new RegExp(`^[${NAME_START}][${NAME_START}.0-9\\xB7\\u0300-\\u036F\\u203F\\u2040-]*$`, 'u');

/** What was read has good names. A name made by hand must not break the document. */
function checkName(name: string, namespace: string): void {
  if (!NAME.test(name) || namespace === XMLNS_NAMESPACE || (name === 'xmlns' && namespace === ''))
    throw new TypeError(`${JSON.stringify(name)} in namespace "${namespace}" is no name that XML allows`);
}
