import { type CoreEnded, type CoreProcess, freePort } from '@opr-connect/core/testing';
import { writeEvent } from '@opr-connect/opr';
import { newEvent } from './support/events';
import { Installation } from './support/installation';

describe('The schema', () => {
  let hub: Installation;
  beforeAll(async () => {
    hub = await Installation.start({ answerWithin: 0 });
  });
  afterAll(() => hub?.close());

  const done = () => hub.rows<{ name: string }>('select name from migrations order by id');

  it('is made once by several cores that start on an empty database together', async () => {
    const before = await done();
    await hub.core.kill();
    await hub.rows('drop schema public cascade; create schema public');
    const starts = await Promise.all([1, 2, 3].map(async () => hub.coreOn(await freePort())));
    expect(await done()).toEqual(before);
    expect(await Promise.all(starts.map((core) => core.stop()))).toEqual([0, 0, 0]);
    await hub.restart();
  });

  it('is checked by cores that start while another one works, which is not held up', async () => {
    const statuses = new Set<number>();
    let going = true;
    const client = async (): Promise<void> => {
      while (going) statuses.add((await hub.asObm.send('POST', '/event', writeEvent(newEvent()))).status);
    };
    const clients = [client(), client()];
    const starts = await Promise.all([1, 2, 3].map(async () => hub.coreOn(await freePort())));
    going = false;
    await Promise.all(clients);
    expect([...statuses]).toEqual([200]);
    await Promise.all(starts.map((core) => core.stop()));
  });

  it('of a newer version is refused: the core ends with 65, says what to do and changes nothing', async () => {
    await hub.rows(`insert into migrations (timestamp, name) values (9999999999999, 'FromTheFuture9999999999999')`);
    const before = [await done(), await hub.rows(COLUMNS)];
    const end = await hub.coreOn(await freePort()).then(
      (core: CoreProcess) => core.kill().then(() => 'it started'),
      (error: unknown) => error,
    );
    expect(end).toMatchObject({ code: 65 });
    expect((end as CoreEnded).said).toMatch(/newer version of OPR Connect \(FromTheFuture9999999999999\).*\n$/);
    expect([await done(), await hub.rows(COLUMNS)]).toEqual(before);
    // The core of the newer version, which is at work already, is not disturbed; nor is this one, until it is restarted.
    expect((await hub.asObm.send('POST', '/event', writeEvent(newEvent()))).status).toBe(200);
  });
});

const COLUMNS = `select table_name, column_name, data_type from information_schema.columns where table_schema = 'public' order by 1, 2`;
