import * as fc from 'fast-check';
import {
  readEvent,
  readOpr,
  writeEvent,
  writeEventChange,
  writeEventChangeList,
  writeEventList,
  writeOpr,
  type EventChange,
  type ExtraElement,
  type OprDocument,
} from '.';

const OPR = 'http://www.hp.com/2009/software/opr/data_model';
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
const URN = 'urn:x-hp:2009:software:data_model:opr:type';

describe('the writer', () => {
  it('writes elements in the order of the schema, every type with its URN and version', () => {
    expect(
      writeEvent({
        severity: 'minor',
        title: 'T',
        id: '1',
        annotationList: { annotation: [{ text: 'a' }, { text: 'b', author: 'c' }] },
        assignedUser: { loginName: 'mueller' },
      }),
    ).toBe(
      `${DECLARATION}<event xmlns="${OPR}" type="${URN}:event" version="1.3"><id>1</id><title>T</title><severity>minor</severity>` +
        '<assigned_user><login_name>mueller</login_name></assigned_user>' +
        `<annotation_list type="${URN}:event:annotation_list" version="1.0">` +
        `<annotation type="${URN}:event:annotation" version="1.0"><text>a</text></annotation>` +
        `<annotation type="${URN}:event:annotation" version="1.0"><author>c</author><text>b</text></annotation>` +
        '</annotation_list></event>\n',
    );
  });

  it('marks every open value with its schema type', () => {
    const change: EventChange = {
      changedProperties: [
        { kind: 'string_property_change', propertyName: 'title', currentValue: 'T' },
        { kind: 'state_change', currentValue: 'closed' },
        { kind: 'severity_property_change', currentValue: 'minor' },
        { kind: 'priority_property_change', currentValue: 'low' },
        { kind: 'time_property_change', previousValue: '2025-02-03', currentValue: '2025-02-03T04:05:06Z' },
        { kind: 'integer_property_change', previousValue: 0, currentValue: 1 },
        { kind: 'long_property_change', currentValue: 2 },
        { kind: 'user_property_change', currentUserId: '42', currentUserName: 'mueller' },
        { kind: 'group_property_change', currentGroupId: '43', currentGroupName: 'dba' },
        { kind: 'annotation_property_change', currentValue: 'A', changeOperation: 'insert' },
        { kind: 'custom_attribute_property_change', key: 'K', currentValue: '' },
        { kind: 'symptom_property_change', currentValue: 's' },
        { kind: 'correlation_rule_property_change', currentValue: { name: 'r' } },
        { kind: 'control_transferred_to_property_change', currentValue: { name: 'c' } },
        { kind: 'forwarding_info_property_change', currentValue: { name: 'f' }, server: 'f' },
      ],
    };
    const written = writeEventChange(change);
    expect(written).toContain(
      `<event_change xmlns="${OPR}" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`,
    );
    for (const kind of change.changedProperties!.map((property) => property.kind))
      expect(written).toContain(`<${kind} type="${URN}:event:${kind}" version="1.0">`);
    const string = (name: string, value: string): string => `<${name} xsi:type="xs:string">${value}</${name}>`;
    for (const value of ['T', 'closed', 'minor', 'low', 'A', 's'])
      expect(written).toContain(string('current_value', value));
    expect(written).toContain(string('current_user_id', '42') + '<current_user_name>mueller<');
    expect(written).toContain(string('current_group_id', '43') + '<current_group_name>dba<');
    expect(written).toContain('<key>K</key><current_value xsi:type="xs:string"/>');
    expect(written).toContain('<previous_value xsi:type="xs:date">2025-02-03</previous_value>');
    expect(written).toContain('<current_value xsi:type="xs:dateTime">2025-02-03T04:05:06Z</current_value>');
    expect(written).toContain('<previous_value xsi:type="xs:int">0</previous_value>');
    expect(written).toContain('<current_value xsi:type="xs:long">2</current_value>');
    expect(written).toContain(
      `xsi:type="correlation_rule_type" type="${URN}:reference:correlation_rule" version="1.0"`,
    );
    expect(written).toContain(
      `xsi:type="control_transfer_info_type" type="${URN}:control_transfer_info" version="1.2"`,
    );
    expect(written).toContain(`xsi:type="forwarding_info_type" type="${URN}:forwarding_info" version="1.1"`);
  });

  it('declares only the namespaces that are used', () => {
    expect(writeEvent({ title: 'T' })).not.toContain('XMLSchema');
    const byName = writeEventChange({
      changedProperties: [{ kind: 'control_transferred_to_property_change', currentValue: {} }],
    });
    expect(byName).toContain('xmlns:xsi=');
    expect(byName).not.toContain('xmlns:xs=');
  });

  it('writes lists', () => {
    expect(writeEventList({ event: [{ id: '1' }, { id: '2' }], $attributes: { totalSize: 2 } })).toBe(
      `${DECLARATION}<event_list xmlns="${OPR}" total_size="2" type="${URN}:event_list" version="1.1">` +
        `<event type="${URN}:event" version="1.3"><id>1</id></event><event type="${URN}:event" version="1.3"><id>2</id></event></event_list>\n`,
    );
    expect(writeEventChangeList({ eventChange: [{ changedProperties: [] }] })).toContain('<changed_properties/>');
    expect(writeEvent({ forwardingInfoList: { forwardingInfo: [{}] } })).toContain(
      `type="${URN}::forwarding_info_list"`,
    );
  });

  it('writes nothing for what is absent', () => {
    expect(writeEvent({ title: undefined, cause: undefined, annotationList: {} })).toBe(
      writeEvent(JSON.parse('{"title":null,"annotationList":{"annotation":[]}}')),
    );
  });

  it('writes marks of another version instead of its own', () => {
    expect(writeEvent({ $attributes: { type: 'urn:other', version: '9' } })).toContain(
      ' type="urn:other" version="9"/>',
    );
  });

  it('escapes markup and what a reader would change', () => {
    const text = `<a b="c" d='e'>&amp;]]>\r\n\t</a>`;
    const written = writeEvent({ title: text, $attributes: { self: text } });
    expect(written).toContain(
      '<title>&lt;a b=&quot;c&quot; d=&apos;e&apos;&gt;&amp;amp;]]&gt;&#13;\n\t&lt;/a&gt;</title>',
    );
    expect(written).toContain('&#13;&#10;&#9;&lt;/a&gt;"');
    expect(readEvent(written)).toEqual({ title: text, $attributes: { self: text } });
  });

  it('replaces what XML has no place for', () => {
    expect(readEvent(writeEvent({ title: 'a\0b\u001bc\ufffed\ud83de\udc00f😀' })).title).toBe(
      'a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf😀',
    );
  });

  it('never writes a malformed document, whatever the texts', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }),
    );
    fc.assert(
      fc.property(anything, anything, (title, self) => {
        const content: ExtraElement[] = [
          { name: 'x', namespace: 'urn:x', attributes: [{ name: 'y', value: self }], content: [title] },
        ];
        const read = readEvent(writeEvent({ title, $attributes: { self }, $extra: { content } }));
        expect(read.title).toHaveLength(title.length);
      }),
    );
  });

  it('writes extras after the elements, with the namespaces that they need', () => {
    const written = writeEvent({
      title: 'T',
      $extra: {
        attributes: [
          { name: 'lang', namespace: 'http://www.w3.org/XML/1998/namespace', value: 'de' },
          { name: 'a', namespace: 'urn:a', value: '1' },
        ],
        content: [
          { name: 'os_name', content: ['Linux'] },
          {
            name: 'b',
            namespace: 'urn:b',
            content: [{ name: 'c', namespace: 'urn:b' }, { name: 'd' }, { name: 'e', namespace: '' }],
          },
        ],
      },
    });
    expect(written).toContain(
      ' version="1.3" xml:lang="de" xmlns:ns1="urn:a" ns1:a="1"><title>T</title><os_name>Linux</os_name>',
    );
    expect(written).toContain(`<b xmlns="urn:b"><c/><d xmlns="${OPR}"/><e xmlns=""/></b></event>`);
  });

  it('writes the kinds of change that it does not know inside changed_properties', () => {
    expect(
      writeEventChange({
        changedProperties: [{ kind: 'state_change' }],
        $changedProperties: { content: [{ name: 'color_change' }] },
      }),
    ).toContain(
      `<changed_properties><state_change type="${URN}:event:state_change" version="1.0"/><color_change/></changed_properties>`,
    );
  });

  it('writes each attribute once, even if extras say it again', () => {
    const attributes = [
      { name: 'self', value: '2' },
      { name: 'version', value: '2' },
      { name: 'x', value: '1' },
      { name: 'x', value: '2' },
    ];
    expect(readEvent(writeEvent({ $attributes: { self: '1' }, $extra: { attributes } }))).toEqual({
      $attributes: { self: '1' },
      $extra: { attributes: [{ name: 'x', value: '2' }] },
    });
  });

  it.each<ExtraElement>([
    { name: 'a b' },
    { name: 'a><b' },
    { name: '' },
    { name: '1a' },
    { name: 'p:a' },
    { name: 'a', namespace: 'http://www.w3.org/2000/xmlns/' },
    { name: 'a', attributes: [{ name: 'xmlns', value: 'urn:x' }] },
    { name: 'a', attributes: [{ name: 'b=', value: '' }] },
  ])('throws on a name made by hand that XML does not allow: %j', (extra) => {
    expect(() => writeEvent({ $extra: { content: [extra] } })).toThrow(TypeError);
  });

  it('throws on a root element and a kind of change that there are not', () => {
    expect(() => writeOpr({ root: 'constructor', value: {} } as unknown as OprDocument)).toThrow(TypeError);
    const change = { changedProperties: [{ kind: 'color_change' }] } as unknown as EventChange;
    expect(() => writeEventChange(change)).toThrow(TypeError);
  });

  it('writes a document that went through JSON as the same bytes', () => {
    const document = readOpr(writeEvent({ title: 'T', $extra: { content: [{ name: 'x', content: ['y'] }] } }));
    expect(writeOpr(JSON.parse(JSON.stringify(document)))).toBe(writeOpr(document));
  });
});
