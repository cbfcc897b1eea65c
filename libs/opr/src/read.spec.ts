import { readEvent, readEventChange, readOpr, type EventChange, type OprEvent } from '.';
import {
  EVENT,
  EVENT_CHANGE,
  EVENT_CHANGE_LIST,
  EVENT_LIST,
  MINIMAL_CHANGE,
  changeOf,
  eventOf,
} from './testing/documents';

const OPR = 'http://www.hp.com/2009/software/opr/data_model';
const XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';

describe('a document is read', () => {
  it('as an event with everything that OMi sends', () => {
    const expected: OprEvent = {
      $attributes: {
        self: 'https://obm.example.net/opr-web/rest/9.10/event_list/71b20a3e-14e1-71e7-19cb-8e6bb9240000',
        relationshipsIncluded: true,
      },
      id: '71b20a3e-14e1-71e7-19cb-8e6bb9240000',
      version: 7,
      sequenceNumber: 48211,
      title: 'File system /var is 97 % full',
      description: 'Limit is 95 %.\nGrew by 3 % in 10 minutes & still grows.',
      solution: '',
      drilldownUrl: 'https://obm.example.net/opr-web/opr-evt-details.jsp?eventId=71b20a3e&lang=de',
      state: 'open',
      severity: 'major',
      priority: 'medium',
      category: 'Storage',
      subCategory: 'File system',
      application: 'Linux',
      object: '/var',
      type: 'Disk',
      duplicateCount: 4,
      receivedOnCiDowntime: false,
      timeCreated: '2025-02-03T04:05:06+01:00',
      timeChanged: '2025-02-03T04:07:12.003+01:00',
      timeReceived: '2025-02-03T04:05:09.871+01:00',
      timeFirstReceived: '2025-02-03T04:05:09.871+01:00',
      timeStateChanged: '2025-02-03T04:05:09.871+01:00',
      assignedUser: { id: '42', loginName: 'mueller', userName: 'Jörg Müller' },
      assignedGroup: { id: '00000000-0000-0000-ffff-ffffffffffff', name: '' },
      autoAction: { node: { dnsName: 'db07.example.net' }, call: 'du -sh /var/*', status: 'succeeded' },
      cause: {
        $attributes: { targetRole: 'urn:x-hp:2009:software:data_model:opr:relationship:event:is_related_to:event' },
        targetId: '0a1b2c3d-0000-4000-8000-0000000000aa',
        title: 'Log rotation failed',
      },
      symptomList: { symptom: [{ targetId: '0a1b2c3d-0000-4000-8000-0000000000bb', title: 'Mail queue stalls' }] },
      customAttributeList: {
        customAttribute: [
          { name: 'Customer', value: 'Initech' },
          { name: 'Note', value: '  two spaces  ' },
        ],
      },
      annotationList: {
        annotation: [
          {
            id: 'c4f7b1b2-9a52-4f2e-8a60-3f3f2a4f8f01',
            author: 'mueller',
            timeCreated: '2025-02-03T04:06:00Z',
            text: 'Looking at it.',
          },
        ],
      },
      relatedCiHints: { hint: ['filesystem:/var@@db07.example.net', 'db07'] },
      relatedCi: {
        $attributes: {
          targetRole: 'urn:x-hp:2009:software:data_model:opr:relationship:event:related_ci:configuration_item',
        },
        targetId: '0123456789abcdef0123456789abcdef',
        configurationItem: {
          id: '0123456789abcdef0123456789abcdef',
          type: 'file_system',
          name: '/var',
          partOf: { targetId: 'fedcba9876543210fedcba9876543210' },
          typeLabel: 'File system',
          $extra: {
            content: [
              { name: 'root_class', content: ['file_system'] },
              { name: 'disk_size', content: ['214748364800'] },
            ],
          },
        },
        subComponent: 'inodes',
      },
      nodeHints: {
        hint: ['db07.example.net'],
        node: { dnsName: 'db07.example.net', ipAddress: '198.51.100.7', coreId: '9e1f' },
      },
      nodeRef: {
        targetId: 'fedcba9876543210fedcba9876543210',
        node: { id: 'fedcba9876543210fedcba9876543210', primaryDnsName: 'db07.example.net' },
      },
      ciResolutionInfo: { hintCount: 3, matchedHintCount: 2, qualityMetric: 66 },
      etiHint: 'FileSystemUse:Major',
      etiValue: { name: 'Major', eti: { name: 'FileSystemUse', displayLabel: 'Use' } },
      key: 'db07:/var:major',
      closeKeyPattern: 'db07:/var:<*>',
      matchInfo: { policyType: 'monitor', policyName: 'Linux_FS(2.1)' },
      controlTransferred: true,
      controlTransferredTo: {
        name: 'desk',
        externalId: 'INC0010042',
        state: 'transferred',
        connectionPort: 8443,
      },
      forwardingInfoList: {
        forwardingInfo: [
          {
            dnsName: 'desk.example.net',
            name: 'desk',
            externalId: 'INC0010042',
            forwardingType: 'synchronize_and_transfer_control',
            state: 'forwarded',
            ruleName: '__manual__',
          },
        ],
      },
      sourcedFrom: { name: 'omw', iaManagementPort: 383, sentVia: { name: 'relay' } },
      logOnly: false,
      instructionAvailable: true,
      affectsBusinessServiceList: {
        affectsBusinessService: [
          {
            targetId: '00ff00ff00ff00ff00ff00ff00ff00ff',
            $extra: { content: [{ name: 'business_criticality', content: ['5'] }] },
          },
        ],
      },
      timeCreatedLabel: '03.02.2025 04:05:06',
    };
    expect(readEvent(EVENT)).toEqual(expected);
    expect(readOpr(EVENT)).toEqual({ root: 'event', value: expected });
  });

  it('as a list of events, by namespace whatever the prefix', () => {
    expect(readOpr(EVENT_LIST)).toEqual({
      root: 'event_list',
      value: {
        $attributes: { totalSize: 49, pageSize: 20, startIndex: 1 },
        event: [
          { id: 'a', sequenceNumber: 1, title: 'First' },
          { id: 'b', sequenceNumber: 2, title: 'Second' },
        ],
      },
    });
  });

  it('as a change with all fifteen kinds of property change, in document order', () => {
    const expected: EventChange = {
      id: '5b9d3a52-52a3-4fd1-a0b6-0d6f6d1b2c3d',
      eventRef: {
        targetId: 'INC0010042',
        targetGlobalId: '71b20a3e-14e1-71e7-19cb-8e6bb9240000',
        targetType: 'urn:x-hp:2009:software:data_model:opr:type:event',
      },
      headline: 'Fifteen things at once',
      timeCreated: '2025-02-03',
      timeChanged: '2025-02-03T04:10:00.5+01:00',
      changedProperties: [
        { kind: 'string_property_change', propertyName: 'title', previousValue: 'Old', currentValue: ' New ' },
        { kind: 'state_change', propertyName: 'state', previousValue: 'open', currentValue: 'in_progress' },
        {
          kind: 'severity_property_change',
          propertyName: 'severity',
          previousValue: 'major',
          currentValue: 'critical',
        },
        { kind: 'priority_property_change', propertyName: 'priority', currentValue: 'highest' },
        {
          kind: 'time_property_change',
          propertyName: 'time_received',
          currentValue: '2025-02-03T04:05:09.871+01:00',
        },
        { kind: 'integer_property_change', propertyName: 'duplicate_count', previousValue: 3, currentValue: 4 },
        { kind: 'long_property_change', propertyName: 'duplicate_count', currentValue: Number.MAX_SAFE_INTEGER },
        {
          kind: 'user_property_change',
          propertyName: 'assigned_user',
          previousUserId: '-1',
          previousUserName: '',
          currentUserId: '42',
          currentUserName: 'mueller',
          currentUserDisplayLabel: 'Jörg Müller',
        },
        { kind: 'group_property_change', propertyName: 'assigned_group', currentGroupName: 'dba' },
        {
          kind: 'annotation_property_change',
          propertyName: 'annotation',
          annotationId: 'c4f7b1b2-9a52-4f2e-8a60-3f3f2a4f8f01',
          author: 'mueller',
          currentValue: 'Looking at it.',
          changeOperation: 'insert',
        },
        {
          kind: 'custom_attribute_property_change',
          propertyName: 'custom_attribute',
          key: 'Customer',
          previousValue: 'Initech',
          changeOperation: 'delete',
        },
        {
          kind: 'symptom_property_change',
          propertyName: 'symptom',
          symptomTitle: 'Mail queue stalls',
          currentValue: '0a1b2c3d-0000-4000-8000-0000000000bb',
          changeOperation: 'insert',
        },
        {
          kind: 'correlation_rule_property_change',
          propertyName: 'correlation_rule',
          currentValue: { targetId: 'r1', name: 'Disk' },
        },
        {
          kind: 'control_transferred_to_property_change',
          propertyName: 'control_transferred_to',
          currentValue: { name: 'desk', state: 'requested' },
        },
        {
          kind: 'forwarding_info_property_change',
          propertyName: 'forwarding_info',
          currentValue: { name: 'desk', state: 'forwarded' },
          server: 'desk',
        },
      ],
      modifiedBy: 'mueller',
      sequenceNumber: 1201,
    };
    expect(readEventChange(EVENT_CHANGE)).toEqual(expected);
  });

  it('as a list of changes', () => {
    expect(readOpr(EVENT_CHANGE_LIST)).toEqual({
      root: 'event_change_list',
      value: {
        eventChange: [
          {
            eventRef: { targetId: 'a' },
            changedProperties: [
              { kind: 'string_property_change', propertyName: 'title', currentValue: 'Disk replaced' },
            ],
          },
          { eventRef: { targetId: 'b' }, changedProperties: [] },
        ],
      },
    });
  });

  it('as the little that a small client sends', () => {
    expect(readEventChange(MINIMAL_CHANGE)).toEqual({
      eventRef: { targetId: '71b20a3e-14e1-71e7-19cb-8e6bb9240000' },
      changedProperties: [
        {
          kind: 'annotation_property_change',
          propertyName: 'annotation',
          currentValue: '[pager] closed by mueller',
          changeOperation: 'insert',
        },
        { kind: 'state_change', propertyName: 'state', currentValue: 'closed' },
        { kind: 'user_property_change', propertyName: 'assigned_user', currentUserName: 'mueller' },
      ],
    });
    expect(readEvent(`<event xmlns="${OPR}"><id>IM10219</id></event>`)).toEqual({ id: 'IM10219' });
  });

  it.each([
    'annotation',
    'annotation_list',
    'custom_attribute',
    'custom_attribute_list',
    'history_line',
    'history_line_list',
  ])('with the root element %s', (root) => {
    expect(readOpr(`<${root} xmlns="${OPR}"/>`)).toEqual({ root, value: {} });
  });
});

describe('the reader tolerates', () => {
  const cases: [string, string | Uint8Array, OprEvent][] = [
    [
      'elements in any order',
      eventOf('<severity>minor</severity><title>T</title><id>1</id>'),
      { id: '1', title: 'T', severity: 'minor' },
    ],
    [
      'another prefix for each element',
      `<a:event xmlns:a="${OPR}"><b:id xmlns:b="${OPR}">1</b:id></a:event>`,
      { id: '1' },
    ],
    ['bytes', Buffer.from(eventOf('<title>Zürich</title>')), { title: 'Zürich' }],
    [
      'bytes that are a part of a buffer',
      new Uint8Array(Buffer.from(`..${eventOf('<id>1</id>')}..`)).subarray(2, -2),
      { id: '1' },
    ],
    ['a byte order mark', Buffer.from(`\ufeff<?xml version="1.0"?>${eventOf('<id>1</id>')}`), { id: '1' }],
    ['a byte order mark in a text', `\ufeff${eventOf('<id>1</id>')}`, { id: '1' }],
    ['UTF-8 declared in other spellings', `<?xml version="1.0" encoding="utf8"?>${eventOf('<id>1</id>')}`, { id: '1' }],
    ['US-ASCII declared', `<?xml version="1.0" encoding="US-ASCII"?>${eventOf('<id>1</id>')}`, { id: '1' }],
    ['XML 1.1 declared', `<?xml version="1.1"?>${eventOf('<title>a\u0085b</title>')}`, { title: 'a\u0085b' }],
    [
      'comments and processing instructions',
      `<!-- a --><?b c?>${eventOf('<?b c?><title>a<!-- b -->c<?d?>e</title><!-- f -->')}<!-- g -->`,
      { title: 'ace' },
    ],
    ['CDATA', eventOf('<title>a<![CDATA[<b>&amp;]]>c</title>'), { title: 'a<b>&amp;c' }],
    ['character references', eventOf('<title>&#x1F600;&#13;&#10;&lt;&quot;&apos;</title>'), { title: '😀\r\n<"\'' }],
    ['other line ends', eventOf('<title>a\r\nb\rc</title>'), { title: 'a\nb\nc' }],
    [
      'white space around everything but text',
      eventOf(
        '<title> T\n</title><severity>\n minor </severity><version> 3 </version><log_only> true </log_only><time_created> 2025-01-01 </time_created>',
      ),
      { title: ' T\n', severity: 'minor', version: 3, logOnly: true, timeCreated: '2025-01-01' },
    ],
    [
      'empty values, which are no value unless they are text',
      eventOf('<title/><severity/><version/><log_only> </log_only><time_created/>'),
      { title: '' },
    ],
    [
      'xsi:nil, which is no value',
      eventOf(`<title ${XSI} xsi:nil="true"/><cause ${XSI} xsi:nil="1"/><id ${XSI} xsi:nil="false"/>`),
      { id: '' },
    ],
    [
      'an element without value before the one with it',
      eventOf('<severity/><severity>minor</severity>'),
      { severity: 'minor' },
    ],
    [
      'xsi:type where there need be none',
      eventOf(`<title ${XSI} xsi:type="xs:string">T</title><cause ${XSI} xsi:type="event_ref_type"><id>1</id></cause>`),
      { title: 'T', cause: { id: '1' } },
    ],
    [
      'booleans as digits',
      eventOf('<log_only>1</log_only><control_transferred>0</control_transferred>'),
      { logOnly: true, controlTransferred: false },
    ],
    [
      'numbers with sign and zeros',
      eventOf('<version>+007</version><sequence_number>-0</sequence_number>'),
      { version: 7, sequenceNumber: 0 },
    ],
    [
      'the marks of another version of the model',
      eventOf('', ' type="urn:other" version="1.7"'),
      { $attributes: { type: 'urn:other', version: '1.7' } },
    ],
    [
      'the marks of this version, which are left out',
      eventOf('', ' type="urn:x-hp:2009:software:data_model:opr:type:event" version="1.3"'),
      {},
    ],
    [
      'type and version as elements beside those attributes',
      eventOf('<version>2</version><type>Disk</type>', ' version="1.2"'),
      { version: 2, type: 'Disk', $attributes: { version: '1.2' } },
    ],
    [
      'an empty attribute that is no text',
      eventOf('', ' relationships_included="" self=""'),
      { $attributes: { self: '' } },
    ],
  ];
  it.each(cases)('%s', (_, input, expected) => expect(readEvent(input)).toEqual(expected));

  it.each([
    '2025-02-03',
    '2025-02-03Z',
    '2025-02-03+01:00',
    '2024-02-29',
    '2000-02-29T00:00:00',
    '2025-02-03T04:05:06',
    '2025-02-03T04:05:06Z',
    '2025-02-03T04:05:06.7-04:00',
    '2025-02-03T04:05:06.123456789+14:00',
    '2025-12-31T24:00:00Z',
  ])('the time %s, and keeps it as it is', (time) => {
    expect(readEvent(eventOf(`<time_created>${time}</time_created>`))).toEqual({ timeCreated: time });
  });

  it('assigned_group_name as a name of the property assigned_group', () => {
    expect(
      readEventChange(changeOf('group_property_change', '<property_name>assigned_group_name</property_name>')),
    ).toEqual({ changedProperties: [{ kind: 'group_property_change', propertyName: 'assigned_group' }] });
  });

  it.each(['', 'xsi:type="xs:string"', 'xsi:type="xs:int"', 'xsi:type="severity_type"', 'xsi:type="no:such"'])(
    'an open value with %j',
    (attribute) => {
      const change = changeOf('severity_property_change', `<current_value ${attribute}>minor</current_value>`);
      expect(readEventChange(change)).toEqual({
        changedProperties: [{ kind: 'severity_property_change', currentValue: 'minor' }],
      });
    },
  );
});

describe('the reader keeps', () => {
  it('elements that it does not know, in their order, with their namespaces and attributes', () => {
    const event = readEvent(
      eventOf(
        '<os_name lang="de">Linux</os_name><title>T</title><x:a xmlns:x="urn:x" x:b="1"><x:c/> d <c xmlns=""/></x:a>\n<os_name/>',
      ),
    );
    expect(event).toEqual({
      title: 'T',
      $extra: {
        content: [
          { name: 'os_name', attributes: [{ name: 'lang', value: 'de' }], content: ['Linux'] },
          {
            name: 'a',
            namespace: 'urn:x',
            attributes: [{ name: 'b', namespace: 'urn:x', value: '1' }],
            content: [{ name: 'c', namespace: 'urn:x' }, ' d ', { name: 'c', namespace: '' }],
          },
          { name: 'os_name' },
        ],
      },
    });
  });

  it('elements with the names of the model in another namespace as unknown ones', () => {
    expect(readEvent(eventOf('<title xmlns="">T</title><x:state xmlns:x="urn:x">no state</x:state>'))).toEqual({
      $extra: {
        content: [
          { name: 'title', namespace: '', content: ['T'] },
          { name: 'state', namespace: 'urn:x', content: ['no state'] },
        ],
      },
    });
  });

  it('the indentation of unknown elements only where it may be text', () => {
    expect(readEvent(eventOf('<a>\n <b> </b>\n <b>c</b>\n</a>\n<d> </d>')).$extra).toEqual({
      content: [
        {
          name: 'a',
          content: [
            { name: 'b', content: [' '] },
            { name: 'b', content: ['c'] },
          ],
        },
        { name: 'd', content: [' '] },
      ],
    });
  });

  it('attributes that it does not know', () => {
    const attributes = ' xml:lang="de" origin="x" xmlns:y="urn:y" y:self="z"';
    expect(readEvent(eventOf('', attributes))).toEqual({
      $extra: {
        attributes: [
          { name: 'lang', namespace: 'http://www.w3.org/XML/1998/namespace', value: 'de' },
          { name: 'origin', value: 'x' },
          { name: 'self', namespace: 'urn:y', value: 'z' },
        ],
      },
    });
  });

  it('text that stands where only elements should', () => {
    expect(readEvent(eventOf('<related_ci_hints>db<!-- -->07</related_ci_hints>'))).toEqual({
      relatedCiHints: { $extra: { content: ['db07'] } },
    });
  });

  it('kinds of change that it does not know, beside those that it knows', () => {
    const change = `<event_change xmlns="${OPR}"><changed_properties type="urn:x">
      <color_change><current_value>red</current_value></color_change><state_change/>
    </changed_properties></event_change>`;
    expect(readEventChange(change)).toEqual({
      changedProperties: [{ kind: 'state_change' }],
      $changedProperties: {
        attributes: [{ name: 'type', value: 'urn:x' }],
        content: [{ name: 'color_change', content: [{ name: 'current_value', content: ['red'] }] }],
      },
    });
  });

  it('the schema type of an unknown element, under the prefix that will be written', () => {
    const typed = `<n xmlns:s="http://www.w3.org/2001/XMLSchema" ${XSI} xsi:type="s:int">5</n>`;
    const named = `<n xmlns:o="${OPR}" ${XSI} xsi:type="o:event_type"/>`;
    const namespace = 'http://www.w3.org/2001/XMLSchema-instance';
    expect(readEvent(eventOf(typed + named)).$extra?.content).toEqual([
      { name: 'n', attributes: [{ name: 'type', namespace, value: 'xs:int' }], content: ['5'] },
      { name: 'n', attributes: [{ name: 'type', namespace, value: 'event_type' }] },
    ]);
  });

  it('names that mean something to JavaScript as nothing but names', () => {
    const names = ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString'];
    const event = readEvent(
      eventOf(names.map((name) => `<${name} ${name}="1">x</${name}>`).join(''), ' __proto__="2"'),
    );
    expect(Object.keys(event)).toEqual(['$extra']);
    expect(event.$extra?.content?.map((part) => typeof part !== 'string' && part.name)).toEqual(names);
    expect(Object.getPrototypeOf(event)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
    for (const name of names) expect(() => readOpr(`<${name} xmlns="${OPR}"/>`)).toThrow('rule root');
  });

  it('no attribute of an element that holds a plain value', () => {
    expect(readEvent(eventOf('<title xml:lang="de" x="1">T</title>'))).toEqual({ title: 'T' });
  });
});
