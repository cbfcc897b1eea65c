import { OprXmlError, readEventAnswer, type OprXmlRule } from '.';
import { EVENT, eventOf } from './testing/documents';

const OPR = 'http://www.hp.com/2009/software/opr/data_model';
const answer = { id: 'IM1', drilldownUrl: 'https://desk.example.com/IM1' };
const NAMED = '<id>IM1</id><drilldown_url>https://desk.example.com/IM1</drilldown_url>';

describe('Answer to a forwarded event', () => {
  it('tells id and drill-down of a whole event, and nothing else', () => {
    expect(readEventAnswer(EVENT)).toEqual({
      id: '71b20a3e-14e1-71e7-19cb-8e6bb9240000',
      drilldownUrl: 'https://obm.example.net/opr-web/opr-evt-details.jsp?eventId=71b20a3e&lang=de',
    });
    expect(readEventAnswer(Buffer.from(eventOf(NAMED)))).toEqual(answer);
    expect(readEventAnswer(`<o:event xmlns:o="${OPR}"><o:id>IM1</o:id></o:event>`)).toEqual({ id: 'IM1' });
    expect(readEventAnswer(eventOf(''))).toEqual({});
  });

  it.each([
    ['words that no enumeration has', '<state>Work In Progress</state><severity>5</severity>'],
    ['a number that is none', '<duplicate_count>many</duplicate_count><version>1.0</version>'],
    ['a time that is none', '<time_created>yesterday</time_created>'],
    ['elements that stand twice', '<title>a</title><title>b</title><cause/><cause/>'],
    ['elements inside a plain value', '<title>a<b/></title>'],
    ['ids of other objects', '<cause><id>C1</id><id>C2</id></cause><id xmlns="urn:other">X1</id>'],
    ['elements and text of its own', 'OK <sys_id a="b">1</sys_id>'],
  ])('does not mind %s', (_, content) => {
    expect(readEventAnswer(eventOf(content + NAMED))).toEqual(answer);
    expect(readEventAnswer(eventOf(NAMED + content))).toEqual(answer);
  });

  it('does not mind an attribute that is not of its type', () => {
    expect(readEventAnswer(eventOf(NAMED, ' relationships_included="maybe" type="incident"'))).toEqual(answer);
  });

  it.each<[string, string, OprXmlRule]>([
    ['nothing', '', 'empty'],
    ['plain text', 'OK', 'not_well_formed'],
    ['half an event', eventOf(NAMED).replace('</event>', ''), 'not_well_formed'],
    ['a DOCTYPE', `<!DOCTYPE event>${eventOf(NAMED)}`, 'doctype'],
    ['a log-in page', '<html><body>Log in</body></html>', 'root'],
    ['a change', `<event_change xmlns="${OPR}"><id>IM1</id></event_change>`, 'root'],
    ['an event without namespace', '<event><id>IM1</id></event>', 'namespace'],
    ['two ids', eventOf('<id>IM1</id><id>IM2</id>'), 'repeated'],
    ['an id that holds elements', eventOf('<id><value>IM1</value></id>'), 'type'],
    ['elements 33 deep', eventOf('<a>'.repeat(32) + '</a>'.repeat(32)), 'limit_depth'],
    ['100,001 elements', eventOf('<a/>'.repeat(100_000)), 'limit_elements'],
    ['more than 8 MiB', eventOf(' '.repeat(8 * 1024 * 1024)), 'limit_size'],
  ])('refuses %s', (_, document, rule) => {
    let refused: unknown;
    try {
      readEventAnswer(document);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(OprXmlError);
    expect(refused).toMatchObject({ rule });
  });

  it('refuses what is over a limit that is given', () => {
    expect(() => readEventAnswer(eventOf(NAMED), { elements: 2 })).toThrow('rule limit_elements');
  });
});
