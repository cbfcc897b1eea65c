import { LIFECYCLE_STATES, OprXmlError, readEvent, readEventChange, readOpr, type OprLimits, type OprXmlRule } from '.';
import { EVENT, EVENT_CHANGE, changeOf, eventOf } from './testing/documents';

const OPR = 'http://www.hp.com/2009/software/opr/data_model';

function refusal(read: () => unknown): OprXmlError {
  try {
    read();
  } catch (error) {
    if (error instanceof OprXmlError) return error;
    throw error;
  }
  throw new Error('the document was not refused');
}

describe('the reader refuses', () => {
  const deep = (depth: number): string => eventOf('<a>'.repeat(depth - 1) + '</a>'.repeat(depth - 1));
  const laughs = `<!DOCTYPE lolz [<!ENTITY a "ha">${[...'bcdefghij'].map((name, i) => `<!ENTITY ${name} "${`&${'abcdefghij'[i]};`.repeat(10)}">`).join('')}]>`;

  const cases: [string, string | Uint8Array, OprXmlRule, string | undefined][] = [
    ['nothing', '', 'empty', undefined],
    ['white space', ' \r\n\t', 'empty', undefined],
    ['nothing but a byte order mark', Buffer.from('\ufeff'), 'empty', undefined],
    ['bytes that are not UTF-8', Buffer.from(eventOf('<title>Zürich</title>'), 'latin1'), 'encoding', undefined],
    ['UTF-16', Buffer.from(`\ufeff${eventOf('')}`, 'utf16le'), 'encoding', undefined],
    ['half a character', eventOf('<title>\ud83d</title>'), 'encoding', undefined],
    ['another declared encoding', `<?xml version="1.0" encoding="ISO-8859-1"?>${eventOf('')}`, 'encoding', undefined],
    ['a DOCTYPE', `<!DOCTYPE event>${eventOf('')}`, 'doctype', undefined],
    [
      'a DOCTYPE with an external subset',
      `<!DOCTYPE event SYSTEM "file:///etc/passwd">${eventOf('')}`,
      'doctype',
      undefined,
    ],
    ['a billion laughs', `${laughs}${eventOf('<title>&j;</title>')}`, 'doctype', undefined],
    ['an entity that XML does not define', eventOf('<title>&nbsp;</title>'), 'not_well_formed', 'title'],
    ['an element that does not end', eventOf('<title>').replace('</event>', ''), 'not_well_formed', 'title'],
    ['elements that overlap', eventOf('<cause><id></cause></id>'), 'not_well_formed', 'cause'],
    ['a second root element', eventOf('') + eventOf(''), 'not_well_formed', undefined],
    ['text after the root element', `${eventOf('')}x`, 'not_well_formed', undefined],
    ['an attribute that stands twice', eventOf('', ' self="a" self="b"'), 'not_well_formed', undefined],
    ['a prefix that is not declared', eventOf('<x:y/>'), 'not_well_formed', 'event'],
    ['a character that XML has no place for', eventOf('<title>\u0000</title>'), 'not_well_formed', 'title'],
    ['a reference to such a character', eventOf('<title>&#0;</title>'), 'not_well_formed', 'title'],
    [
      'such a character in what calls itself XML 1.1',
      `<?xml version="1.1"?>${eventOf('<title>&#1;</title>')}`,
      'not_well_formed',
      'title',
    ],
    ['JSON', '{"event":{}}', 'not_well_formed', undefined],
    ['another root element', `<incident xmlns="${OPR}"/>`, 'root', 'incident'],
    ['a root element that is a part of an event', `<assigned_user xmlns="${OPR}"/>`, 'root', 'assigned_user'],
    ['a root element without namespace', '<event/>', 'namespace', 'event'],
    [
      'a root element in another namespace',
      '<event xmlns="http://www.hp.com/2009/software/data_model"/>',
      'namespace',
      'event',
    ],
    ['a word that is none of an enumeration', eventOf('<severity>fatal</severity>'), 'enum', 'severity'],
    ['such a word in capitals', eventOf('<state>OPEN</state>'), 'enum', 'state'],
    [
      'such a word in a change',
      changeOf('state_change', '<current_value xsi:type="xs:string">done</current_value>'),
      'enum',
      'current_value',
    ],
    [
      'a property that no event has',
      changeOf('state_change', '<property_name>color</property_name>'),
      'enum',
      'property_name',
    ],
    ['a number that is none', eventOf('<duplicate_count>many</duplicate_count>'), 'type', 'duplicate_count'],
    ['a number with a fraction', eventOf('<version>1.0</version>'), 'type', 'version'],
    [
      'a number that JavaScript would round',
      eventOf('<sequence_number>9007199254740992</sequence_number>'),
      'type',
      'sequence_number',
    ],
    ['a boolean that is none', eventOf('<log_only>yes</log_only>'), 'type', 'log_only'],
    ['a time without seconds', eventOf('<time_created>2025-02-03T04:05Z</time_created>'), 'type', 'time_created'],
    [
      'a time that is for display',
      eventOf('<time_created>3/29/2017 08:40:16 PM</time_created>'),
      'type',
      'time_created',
    ],
    ['a day that the month does not have', eventOf('<time_created>2025-02-29</time_created>'), 'type', 'time_created'],
    [
      'an hour that the day does not have',
      eventOf('<time_created>2025-02-03T24:00:01Z</time_created>'),
      'type',
      'time_created',
    ],
    [
      'an offset without colon',
      eventOf('<time_created>2025-02-03T04:05:06+0100</time_created>'),
      'type',
      'time_created',
    ],
    ['an attribute that is not of its type', eventOf('', ' relationships_included="maybe"'), 'type', 'event'],
    ['elements inside a plain value', eventOf('<title>a<b/></title>'), 'type', 'title'],
    ['a property that stands twice', eventOf('<title>a</title><title>b</title>'), 'repeated', 'title'],
    ['an object that stands twice', eventOf('<cause/><cause/>'), 'repeated', 'cause'],
    [
      'changed_properties that stand twice',
      `<event_change xmlns="${OPR}"><changed_properties/><changed_properties/></event_change>`,
      'repeated',
      'changed_properties',
    ],
    ['elements 33 deep', deep(33), 'limit_depth', 'a'],
    ['elements 10,000 deep', deep(10_000), 'limit_depth', 'a'],
    [
      '65 attributes',
      eventOf('', Array.from({ length: 64 }, (_, i) => ` a${i}=""`).join('')),
      'limit_attributes',
      undefined,
    ],
    ['more than 2 MiB of text', eventOf(`<title>${'x'.repeat(2 * 1024 * 1024 + 1)}</title>`), 'limit_text', 'title'],
    [
      'more than 2 MiB of text in pieces',
      eventOf(`<a>${'x<b/>'.repeat(3)}${'x'.repeat(2 * 1024 * 1024 - 2)}</a>`),
      'limit_text',
      'a',
    ],
    [
      'an attribute of more than 2 MiB',
      eventOf('', ` self="${'x'.repeat(2 * 1024 * 1024 + 1)}"`),
      'limit_text',
      undefined,
    ],
    ['100,001 elements', eventOf('<a/>'.repeat(100_000)), 'limit_elements', 'event'],
    ['more than 8 MiB', eventOf(' '.repeat(8 * 1024 * 1024)), 'limit_size', undefined],
    ['more than 8 MiB of bytes', Buffer.alloc(8 * 1024 * 1024 + 1, 0x20), 'limit_size', undefined],
    ['more than 8 MiB of UTF-8 in a text', 'é'.repeat(4 * 1024 * 1024 + 1), 'limit_size', undefined],
  ];
  it.each(cases)('%s', (_, input, rule, element) => {
    const error = refusal(() => readOpr(input));
    expect(error).toMatchObject({ name: 'OprXmlError', rule, element });
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toContain(`rule ${rule}: `);
    if (element) expect(error.message).toContain(`element ${element}, `);
  });

  it('an event where a change is asked for, and the other way round', () => {
    expect(refusal(() => readEventChange(EVENT))).toMatchObject({ rule: 'root', element: 'event' });
    expect(refusal(() => readEvent(EVENT_CHANGE)).message).toBe(
      'line 4, element event_change, rule root: the root element must be event',
    );
  });

  it('what is just beyond a limit, not what reaches it', () => {
    const limits: OprLimits = { size: 1000, depth: 3, attributes: 2, text: 5, elements: 4 };
    const accepted = eventOf('<a x="" y="12345"><b>12345</b></a><title>12345</title>');
    const beyond: [string, OprXmlRule][] = [
      [eventOf('<a><b><c/></b></a>'), 'limit_depth'],
      [eventOf('<a x="" y="" z=""/>'), 'limit_attributes'],
      [eventOf('<title>123456</title>'), 'limit_text'],
      [eventOf('<a x="123456"/>'), 'limit_text'],
      [eventOf('<a/><a/><a/><a/>'), 'limit_elements'],
      [accepted + ' '.repeat(1001 - accepted.length), 'limit_size'],
    ];
    // The namespace is longer than the text that is allowed here.
    const fits = { ...limits, text: OPR.length };
    expect(() => readOpr(accepted + ' '.repeat(1000 - accepted.length), fits)).not.toThrow();
    for (const [document, rule] of beyond) {
      const long = document.replaceAll('123456', 'x'.repeat(OPR.length + 1));
      expect(refusal(() => readOpr(long, fits)).rule).toBe(rule);
    }
  });

  it('by the default limit where the one given is undefined', () => {
    expect(refusal(() => readOpr(deep(33), { depth: undefined })).rule).toBe('limit_depth');
  });
});

describe('a refusal', () => {
  it('names line, element and rule, and the words that are allowed', () => {
    const error = refusal(() => readOpr(eventOf('\n<title>T</title>\n\n  <state> done </state>')));
    expect(error).toMatchObject({ line: 4, column: 23, element: 'state', rule: 'enum' });
    expect(error.message).toBe(`line 4, element state, rule enum: "done" is not one of ${LIFECYCLE_STATES.join(', ')}`);
  });

  it('names the attribute that is refused', () => {
    expect(refusal(() => readOpr(`<event_list xmlns="${OPR}" page_size="x"/>`)).message).toBe(
      `line 1, element event_list, rule type: attribute page_size: "x" is not a whole number within ±${Number.MAX_SAFE_INTEGER}`,
    );
  });

  const secret = `${'s3cr3t'.repeat(50)}\n`;
  it.each([
    ['a value', eventOf(`<severity>${secret}</severity>`)],
    ['a root element', `<${secret.trim()}/>`],
    ['an unknown element', eventOf(`<${secret.trim()}>&x;</${secret.trim()}>`)],
    ['an end tag', eventOf(`</${secret.trim()}>`)],
    ['a prefix', eventOf(`<${secret.trim()}:a/>`)],
    ['a name', eventOf(`<a:${secret.trim()}:b/>`)],
    ['an attribute', eventOf(`<a ${secret.trim()}="" ${secret.trim()}=""/>`)],
    ['an encoding', `<?xml version="1.0" encoding="${secret.trim()}"?>${eventOf('')}`],
    ['an entity', eventOf(`<a>&${secret.trim()};</a>`)],
  ])('quotes no more than 40 characters of %s, on one line', (_, document) => {
    const { message, element } = refusal(() => readOpr(document));
    const quoted = message.match(/(?:s3cr3t)+\w*/g)?.join('') ?? '';
    expect(quoted.length).toBeLessThanOrEqual(40);
    expect(element?.length ?? 0).toBeLessThanOrEqual(40);
    expect(message).not.toContain('\n');
  });
});
