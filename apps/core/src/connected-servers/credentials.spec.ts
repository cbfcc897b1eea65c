import type * as Crypto from 'node:crypto';
import { Credentials, TooManyLogins, hashPassword } from './credentials';

const crypto: typeof Crypto = jest.requireActual('node:crypto');
let derivations: jest.SpyInstance;

beforeEach(() => {
  derivations = jest.spyOn(crypto, 'scrypt');
});

afterEach(() => jest.restoreAllMocks());

/** How many derivations some work costs. */
async function costOf(work: () => Promise<unknown>): Promise<number> {
  const before = derivations.mock.calls.length;
  await work();
  return derivations.mock.calls.length - before;
}

const two = (): Credentials =>
  new Credentials([
    { name: 'obm', password: 'one: with a colon' },
    { name: 'desk', password: 'größer als 日本' },
  ]);

describe('Credentials', () => {
  it.each([
    ['the right password', 'obm', 'one: with a colon', true],
    ['a password beyond ASCII', 'desk', 'größer als 日本', true],
    ['a wrong password', 'obm', 'two', false],
    ['the password of another', 'obm', 'größer als 日本', false],
    ['a longer password', 'obm', 'one: with a colon ', false],
    ['an empty password', 'obm', '', false],
    ['an unknown name', 'nobody', 'one: with a colon', false],
    ['a name in other letters', 'OBM', 'one: with a colon', false],
    ['a name that objects have', 'constructor', 'one: with a colon', false],
    ['name and password divided elsewhere', 'ob', 'mone: with a colon', false],
  ])('with %s', async (_what, name, password, verified) => {
    expect(await two().verify(name, password)).toBe(verified);
  });

  it('accept hashed passwords, and not the hash itself as password', async () => {
    const hash = await hashPassword('kept as a hash');
    expect(hash).not.toContain('kept');
    const credentials = new Credentials([{ name: 'obm', password: hash }]);
    expect(await credentials.verify('obm', 'kept as a hash')).toBe(true);
    expect(await credentials.verify('obm', hash)).toBe(false);
  });

  it('cost nothing before somebody logs in', () => {
    expect(two()).toBeDefined();
    expect(derivations).not.toHaveBeenCalled();
  });

  it('cost the same for an unknown name and for a wrong password, the first time too', async () => {
    const unknown = await costOf(() => two().verify('nobody', 'x'));
    expect(await costOf(() => two().verify('obm', 'x'))).toBe(unknown);
    const credentials = two();
    await credentials.verify('nobody', 'x');
    for (const name of ['obm', 'desk', 'nobody', 'obm', 'nobody'])
      expect(await costOf(() => credentials.verify(name, 'x'))).toBe(1);
  });

  it('are derived once for all requests with the same pair', async () => {
    const credentials = two();
    await credentials.verify('obm', 'one: with a colon');
    const cost = await costOf(async () => {
      for (let request = 0; request < 200; request += 1)
        expect(await credentials.verify('obm', 'one: with a colon')).toBe(true);
    });
    expect(cost).toBe(0);
  });

  it('refuse a wrong password after the right one, each time', async () => {
    const credentials = two();
    expect(await credentials.verify('obm', 'one: with a colon')).toBe(true);
    for (let guess = 0; guess < 3; guess += 1)
      expect(await costOf(async () => expect(await credentials.verify('obm', 'two')).toBe(false))).toBe(1);
  });

  it('remember no guess, so that guessing takes no memory', async () => {
    const credentials = two();
    await credentials.verify('nobody', 'x');
    expect(await costOf(() => credentials.verify('nobody', 'x'))).toBe(1);
  });

  it('answer all of a crowd, each by what it said', async () => {
    const credentials = two();
    await credentials.verify('nobody', 'x');
    const crowd = Array.from({ length: 12 }, (_, at) =>
      credentials.verify('obm', at === 5 ? 'one: with a colon' : `${at}`),
    );
    expect(await Promise.all(crowd)).toEqual(Array.from({ length: 12 }, (_, at) => at === 5));
  });
});

describe('a client that begins with many requests at once', () => {
  it('is verified once for all of them, however many may wait', async () => {
    const credentials = new Credentials([{ name: 'obm', password: await hashPassword('right') }], 0);
    const cost = await costOf(async () => {
      const answers = await Promise.all(Array.from({ length: 500 }, () => credentials.verify('obm', 'right')));
      expect(answers.every(Boolean)).toBe(true);
    });
    expect(cost).toBe(1);
  });
});

describe('a flood of guesses', () => {
  it('is cut off, and does not keep out who was verified before', async () => {
    const credentials = new Credentials([{ name: 'obm', password: 'right' }], 3);
    expect(await credentials.verify('obm', 'right')).toBe(true);
    const guesses = Array.from({ length: 8 }, (_, guess) =>
      credentials.verify('obm', `wrong ${guess}`).catch((error: unknown) => error),
    );
    expect(await credentials.verify('obm', 'right')).toBe(true);
    const answers = await Promise.all(guesses);
    expect(answers.filter((answer) => answer === true)).toEqual([]);
    expect(answers.some((answer) => answer instanceof TooManyLogins)).toBe(true);
  });
});
