import type { OprEvent, PropertyChange } from '@opr-connect/opr';
import { Mapping, mappingReport, mappingSettings, type PropertyReport, type ToolFacts } from '.';
import { MapOf, Optional } from '../fields';
import { parseSettings } from '../settings';
import type { MappingSettings } from './mapping.settings';

const tool: ToolFacts = {
  directions: {
    ...{ title: 'both', description: 'both', severity: 'both', priority: 'none', state: 'both', solution: 'out' },
    ...{ assigned_user: 'both', assigned_group: 'once', annotation: 'both' },
  },
  unlessTold: { description: 'once' },
  customAttributes: 'out',
  severity: {
    out: { critical: '1', major: '2', minor: '3', warning: '4', normal: '5', unknown: '5' },
    value: { pattern: /^\d$/, rule: 'a digit' },
  },
  state: {
    out: { open: 'To Do', in_progress: 'Doing', resolved: 'Done', closed: 'Done' },
    back: { Done: 'closed', Review: 'in_progress' },
  },
  title: { limit: 20 },
  ownFields: ['key'],
};

class Settings {
  @Optional()
  @MapOf(() => mappingSettings(tool))
  mapping?: MappingSettings;
}

function mappingOf(mapping?: object): Mapping {
  const parsed = parseSettings(Settings, mapping ? { mapping } : {});
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return new Mapping(tool, parsed.value.mapping);
}

const problemsOf = (mapping: unknown): string[] => {
  const parsed = parseSettings(Settings, { mapping });
  return parsed.ok ? [] : parsed.problems;
};

const event: OprEvent = {
  ...{ id: 'e1', title: 'Disk full', severity: 'critical', description: 'of /var' },
  customAttributeList: { customAttribute: [{ name: 'Host', value: 'db1' }, { name: 'Rack' }] },
};
const signal = AbortSignal.timeout(30_000);

describe('the settings of a mapping', () => {
  it('are refused with every problem, by field and rule', () => {
    expect(
      problemsOf({
        directions: { title: 'sideways', priority: 'out', assigned_group: 'out', colour: 'both' },
        severity: { out: { critical: 'high', purple: '1' }, back: { '1': 'worst' } },
        priority: {},
        customAttributes: { Host: { field: '', direction: 'both' } },
        fields: { key: 'x', u_a: { jsonata: '$sum(' }, u_b: { jsonata: 'a', more: 1 } },
        titleTemplate: '{{ event.title | shout }}',
        descriptionTemplate: 7,
      }).sort(),
    ).toEqual([
      'mapping.customAttributes.Host.direction: must be one of none, once, out',
      'mapping.customAttributes.Host.field: must not be empty',
      'mapping.descriptionTemplate: must be a text',
      'mapping.directions.assigned_group: must be one of none, once',
      'mapping.directions.colour: is not a known field',
      'mapping.directions.priority: must be none',
      'mapping.directions.title: must be one of none, once, out, back, both',
      'mapping.fields.u_a.jsonata: is no JSONata expression: Expected ")" before end of expression (position 5)',
      'mapping.fields.u_b.more: is not a known field',
      'mapping.fields: must not name what the adapter fills itself: key',
      'mapping.priority: is not a known field',
      'mapping.severity.back: must have only values among unknown, normal, warning, minor, major, critical',
      'mapping.severity.out.critical: must be a digit',
      'mapping.severity.out.purple: is not a known field',
      'mapping.titleTemplate: is no template: undefined filter: shout, line:1, col:1',
    ]);
  });

  it.each([
    ['text'],
    [[]],
    [{ fields: 'text' }],
    [{ directions: 'both' }],
    [{ severity: [] }],
    [{ severity: { out: 1 } }],
  ])('are maps, and %j is refused', (mapping) => {
    expect(problemsOf(mapping).length).toBeGreaterThan(0);
  });

  it('take numbers for texts in a table, as YAML reads them', () => {
    expect(mappingOf({ severity: { out: { critical: 9 } } }).severity?.toTool('critical')).toBe('9');
  });
});

describe('a mapping', () => {
  it('without settings does what the adapter can', () => {
    const mapping = mappingOf();
    expect([mapping.direction('title'), mapping.direction('description')]).toEqual(['both', 'once']);
    expect(mapping.state?.toOpr('Done')).toBe('closed');
  });

  it.each([
    ['none', [false, false, false]],
    ['once', [true, false, false]],
    ['out', [true, true, false]],
    ['back', [false, false, true]],
    ['both', [true, true, true]],
  ])('lets %s go as it says', (direction, expected) => {
    const mapping = mappingOf({ directions: { title: direction } });
    expect([mapping.goesInForward('title'), mapping.goesInChange('title'), mapping.comesBack('title')]).toEqual(
      expected,
    );
  });

  it('takes out of a change what may not go', () => {
    const changedProperties: PropertyChange[] = [
      { kind: 'string_property_change', propertyName: 'title', currentValue: 'a' },
      { kind: 'string_property_change', propertyName: 'category', currentValue: 'b' },
      { kind: 'severity_property_change', currentValue: 'minor' },
      { kind: 'custom_attribute_property_change', key: 'Host', currentValue: 'c' },
      { kind: 'custom_attribute_property_change', key: 'Rack', currentValue: 'd' },
    ];
    const mapping = mappingOf({
      directions: { title: 'out', severity: 'back' },
      customAttributes: { Host: { field: 'u_host', direction: 'out' } },
    });
    const kept = mapping.outgoing({ id: 'c1', changedProperties });
    expect(kept.changedProperties?.map((each) => ('currentValue' in each ? each.currentValue : ''))).toEqual([
      'a',
      'b',
      'c',
    ]);
    expect(mapping.incoming(changedProperties).map(({ kind }) => kind)).toEqual([
      'string_property_change',
      'severity_property_change',
    ]);
  });

  it('renders title and description, and cuts what is too long', async () => {
    const mapping = mappingOf({
      titleTemplate: '[{{ event.severity }}] {{ event.title }} on {{ event.customAttributes.Host }}',
    });
    expect(await mapping.wholeTitle(event, signal)).toBe('[critical] Disk full on db1');
    expect(await mapping.title(event, signal)).toBe('[critical] Disk ful…');
    expect(await mapping.description(event, signal)).toBe('of /var');
  });

  it('fills extra fields with constants and what expressions make', async () => {
    const mapping = mappingOf({
      fields: {
        u_list: [{ name: 'ops' }],
        u_host: { jsonata: '$uppercase(event.customAttributes.Host)' },
        u_none: { jsonata: 'event.nothing' },
      },
      customAttributes: { Host: { field: 'u_h', direction: 'once' }, Rack: { field: 'u_r', direction: 'none' } },
    });
    expect(await mapping.fields(event, signal)).toEqual({ u_list: [{ name: 'ops' }], u_host: 'DB1' });
    expect(mapping.customAttributes(event)).toEqual({ u_h: 'db1' });
  });
});

describe('the report on a mapping', () => {
  const about = (property: string, mapping?: object): PropertyReport | undefined =>
    mappingReport(mappingOf(mapping)).find((each) => each.property === property);

  it('tells which values collapse, and what a trip there and back changes', () => {
    expect(about('severity')).toMatchObject({
      collapsing: [{ value: '5', words: ['normal', 'unknown'] }],
      unreachable: ['unknown'],
      changed: [{ from: 'unknown', to: 'normal' }],
    });
    expect(about('state')).toMatchObject({ unreachable: ['resolved'], changed: [{ from: 'resolved', to: 'closed' }] });
  });

  it('finds nothing where every word has a value of its own', () => {
    const state = { out: { open: 'a', in_progress: 'b', resolved: 'c', closed: 'd' } };
    expect(about('state', { state })).toMatchObject({ collapsing: [], unreachable: [], changed: [] });
  });

  it('speaks of the way back only where there is one', () => {
    expect(about('state', { directions: { state: 'out' } })).toMatchObject({ unreachable: [], changed: [] });
  });

  it('tells of a title that is cut and made from a template', () => {
    expect(about('title', { titleTemplate: '{{ event.title }}!' })?.remarks).toEqual([
      'Is cut after 20 characters (UTF-16 code units).',
      'Is made from a template, and what people make of the whole of it comes back.',
    ]);
  });

  it('names extra fields and custom attributes', () => {
    const mapping = { fields: { u_a: 1 }, customAttributes: { Host: { field: 'u_host', direction: 'out' } } };
    expect(about('field.u_a', mapping)?.remarks).toEqual(['Is a constant.']);
    expect(about('custom_attribute.Host', mapping)).toMatchObject({
      direction: 'out',
      remarks: ['Is the field u_host.'],
    });
  });
});
