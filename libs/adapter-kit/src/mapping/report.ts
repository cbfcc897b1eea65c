import { MAPPED_PROPERTIES, comesBack, goesInForward, type Direction, type MappedProperty } from './direction';
import type { Mapping } from './mapping';
import type { ValueTable } from './value-table';

/** What a mapping does to one property. */
export interface PropertyReport {
  /** The property, `custom_attribute.<name>`, or `field.<name>`. */
  property: string;
  direction: Direction;
  /** OPR words that are one value in the tool. */
  collapsing: { value: string; words: string[] }[];
  /** OPR words that no value of the tool means: nobody can get there from the tool. */
  unreachable: string[];
  /** OPR words that come back as another one, or as none. */
  changed: { from: string; to?: string }[];
  /** What else becomes of the values, as sentences. */
  remarks: string[];
}

/** What is lost between the events of a server and its tool, property by property. Pure: asks nobody. */
export function mappingReport(mapping: Mapping): PropertyReport[] {
  const properties = MAPPED_PROPERTIES.map((property): PropertyReport => {
    const report = { ...untouched(property, mapping.direction(property)), remarks: remarksOn(property, mapping) };
    switch (property) {
      case 'severity':
        return { ...report, ...losses(mapping.severity, report.direction) };
      case 'priority':
        return { ...report, ...losses(mapping.priority, report.direction) };
      case 'state':
        return { ...report, ...losses(mapping.state, report.direction) };
      case 'title':
      case 'description':
      case 'solution':
      case 'assigned_user':
      case 'assigned_group':
      case 'annotation':
        return report;
    }
  });
  const attributes = [...(mapping.settings?.customAttributes ?? [])].map(([name, { field, direction }]) => ({
    ...untouched(`custom_attribute.${name}`, direction),
    remarks: [`Is the field ${field}.`],
  }));
  const fields = [...(mapping.settings?.fields ?? [])].map(([name, { jsonata }]) => ({
    ...untouched(`field.${name}`, 'once'),
    remarks: [jsonata === undefined ? 'Is a constant.' : 'Is computed when the record is created.'],
  }));
  return [...properties, ...attributes, ...fields];
}

/** Whether values come back other than they went, or cannot be reached. */
export const isLossy = ({ collapsing, unreachable, changed }: PropertyReport): boolean =>
  collapsing.length + unreachable.length + changed.length > 0;

const untouched = (property: string, direction: Direction): PropertyReport => ({
  ...{ property, direction, collapsing: [], unreachable: [], changed: [], remarks: [] },
});

function losses<Word extends string>(
  table: ValueTable<Word> | undefined,
  direction: Direction,
): Pick<PropertyReport, 'collapsing' | 'unreachable' | 'changed'> {
  const words = [...(table?.out.keys() ?? [])];
  const goes = goesInForward(direction);
  const returns = comesBack(direction);
  const wordsOf = (value: string) => words.filter((word) => table?.toTool(word) === value);
  const collapsing = [...new Set(table?.out.values())].map((value) => ({ value, words: wordsOf(value) }));
  const meant = new Set(table?.back.values());
  const trips = words.map((from) => ({ from, to: table?.toOpr(table.toTool(from) ?? '') }));
  return {
    collapsing: goes ? collapsing.filter((each) => each.words.length > 1) : [],
    unreachable: returns ? words.filter((word) => !meant.has(word)) : [],
    changed: goes && returns ? trips.filter(({ from, to }) => from !== to) : [],
  };
}

function remarksOn(property: MappedProperty, mapping: Mapping): string[] {
  if (property !== 'title' && property !== 'description') return [];
  const direction = mapping.direction(property);
  const limit = mapping.tool[property];
  const template = mapping.settings?.[`${property}Template`] !== undefined;
  const remarks: string[] = [];
  if (limit && goesInForward(direction)) remarks.push(`Is cut after ${limit.limit} ${UNITS[limit.unit ?? 'utf16']}.`);
  if (template && comesBack(direction))
    remarks.push('Is made from a template, and what people make of the whole of it comes back.');
  return remarks;
}

const UNITS = { utf16: 'characters (UTF-16 code units)', codePoints: 'characters', bytes: 'bytes of UTF-8' } as const;
