import { SEVERITIES, type Severity } from '@opr-connect/opr';
import * as fc from 'fast-check';
import { ValueTable, type TableFacts } from './value-table';

const facts: TableFacts<Severity> = {
  out: { critical: '1', major: '2', minor: '3', warning: '4', normal: '5', unknown: '5' },
  back: { '1': 'critical', '2': 'major', '3': 'minor', '4': 'warning', '5': 'normal', '6': 'normal' },
};

describe('a table of values', () => {
  it('is what the adapter knows when the settings say nothing', () => {
    const table = ValueTable.of(facts);
    expect(SEVERITIES.map((word) => table.toTool(word))).toEqual(['5', '5', '4', '3', '2', '1']);
    expect(['5', '6', '7'].map((value) => table.toOpr(value))).toEqual(['normal', 'normal', undefined]);
  });

  it('is changed word by word, and the way back follows', () => {
    const table = ValueTable.of(facts, { out: { critical: 'P0', unknown: '6' } });
    expect([table.toTool('critical'), table.toTool('major')]).toEqual(['P0', '2']);
    expect(['P0', '6', '5'].map((value) => table.toOpr(value))).toEqual(['critical', 'unknown', 'normal']);
  });

  it('means by a value of several words the first that was written', () => {
    const table = ValueTable.of({ out: facts.out }, { out: { warning: 'low', unknown: 'low', normal: 'low' } });
    expect(table.toOpr('low')).toBe('warning');
  });

  it('has the way back that the settings give it, whole', () => {
    const table = ValueTable.of(facts, { back: { '1': 'major' } });
    expect([table.toOpr('1'), table.toOpr('2')]).toEqual(['major', undefined]);
  });

  it('brings every value back that no other word shares, whatever the settings say about the way out', () => {
    const tables = fc.dictionary(fc.constantFrom(...SEVERITIES), fc.stringMatching(/^[1-9a-c]$/), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(tables, fc.boolean(), (out, known) => {
        const table = ValueTable.of(known ? facts : { out: facts.out }, { out });
        const values = [...table.out.values()];
        for (const [word, value] of table.out) {
          const back = table.toOpr(value);
          if (values.filter((each) => each === value).length === 1) expect(back).toBe(word);
          // One that is shared comes back as a word that goes there again, so a second trip changes nothing.
          expect(back && table.toTool(back)).toBe(value);
        }
      }),
    );
  });
});
