import type { ExternalRef } from '@opr-connect/adapter-kit';
import type { PropertyChange } from '@opr-connect/opr';
import { aChange, anEvent, delivery, forwardedAs, openBench, stateChange, type Bench } from './servicenow.fixture';

let bench: Bench;
afterEach(() => bench.fake.close());

const symptom = anEvent({ cause: { targetId: 'the-cause' } });
const aboutCause = (currentValue?: string): PropertyChange => ({
  ...{ kind: 'string_property_change', propertyName: 'cause', currentValue },
});

/** A record of another event. */
async function causeRecord(): Promise<ExternalRef> {
  const written = await bench.adapter.forwardEvent(anEvent({ id: 'the-cause' }), delivery({ key: 'key-of-the-cause' }));
  return written.ref;
}

describe('the record of a cause is the parent', () => {
  it('in the field that the settings name for the table', async () => {
    bench = await openBench({ table: 'problem', causeField: 'parent' });
    const cause = await causeRecord();
    const { ref } = await bench.adapter.forwardEvent(symptom, delivery({ cause }));
    expect(bench.fake.tables.find(ref.id)?.['parent']).toBe(cause.id);
  });

  it('in none where the settings name none, which is logged once of changes', async () => {
    bench = await openBench({ causeField: '' });
    const cause = await causeRecord();
    const written = await bench.adapter.forwardEvent(symptom, delivery({ cause }));
    for (const key of ['c1', 'c2'])
      await bench.adapter.forwardChange(
        aChange(aboutCause('the-cause')),
        forwardedAs(written),
        delivery({ key, cause }),
      );
    expect(bench.fake.incident(written.ref.id)).toMatchObject({ parent_incident: '', sys_mod_count: '0' });
    expect(bench.logged.map(({ message }) => message)).toEqual(['cause has no field in ServiceNow and is not carried']);
  });

  it('of the new record too that an event goes on in when it is opened again', async () => {
    bench = await openBench();
    const cause = await causeRecord();
    const written = await bench.adapter.forwardEvent(symptom, delivery({ cause }));
    bench.fake
      .asPerson('itil.admin')
      .update(written.ref.id, { state: '7', close_code: 'Duplicate', close_notes: 'Done.' });
    const again = delivery({ key: 'c1', cause });
    const { ref } = await bench.adapter.forwardChange(
      aChange(stateChange('open')),
      forwardedAs(written, symptom),
      again,
    );
    expect(bench.fake.incident(ref.id)).toMatchObject({ parent_incident: cause.id, parent: written.ref.id });
  });

  it('through an import set if its map has the field, and else with the change that follows', async () => {
    bench = await openBench({ importTable: 'u_opr_connect' });
    const cause = await causeRecord();
    const map = bench.fake.imports.maps['u_opr_connect'];
    if (map) Object.assign(map, { omits: ['parent_incident'] });
    const written = await bench.adapter.forwardEvent(symptom, delivery({ cause }));
    // Which makes the core tell the cause once more.
    expect(written.found).toBe(true);
    expect(bench.fake.incident(written.ref.id)['parent_incident']).toBe('');
    await bench.adapter.forwardChange(
      aChange(aboutCause('the-cause')),
      forwardedAs(written),
      delivery({ key: 'c1', cause }),
    );
    expect(bench.fake.incident(written.ref.id)['parent_incident']).toBe(cause.id);
  });
});
