import { generateKeyPairSync } from 'node:crypto';
import type { HookRequest } from '@opr-connect/adapter-kit';
import { Webhook } from 'standardwebhooks';
import { HOOK_SECRET, SECRET } from './webhook.fixture';
import { hmacSignature, isStandardSecret, standardSignature, type HmacOptions } from './webhook.signature';

const GITHUB: HmacOptions = {
  ...{ signatureHeader: 'x-hub-signature-256', signaturePrefix: 'sha256=', signatureEncoding: 'hex' },
  ...{
    signatureAlgorithm: 'sha256',
    signedText: '{body}',
    idHeader: 'webhook-id',
    timestampHeader: 'webhook-timestamp',
  },
};
const hook = (headers: Record<string, string>, body: string | Buffer): HookRequest => ({
  ...{ headers, body: Buffer.from(body), receivedAt: new Date().toISOString() },
});
const signed = (secrets: string[], body: string, timestamp = Math.floor(Date.now() / 1000)) =>
  standardSignature(secrets).headers({ id: 'msg_1', timestamp, body: Buffer.from(body) });
const now = () => Date.now();

describe('Standard Webhooks', () => {
  it('signs the official vector', () => {
    const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330 };
    const headers = standardSignature([SECRET]).headers({ ...message, body: Buffer.from('{"test": 2432232314}') });
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('signs what the official library verifies, and verifies what it signs', () => {
    const body = '{"title":"Lüfter 🚒"}';
    expect(new Webhook(SECRET).verify(body, signed([SECRET], body))).toEqual({ title: 'Lüfter 🚒' });
    const at = new Date();
    const headers = {
      'webhook-id': 'msg_2',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(SECRET).sign('msg_2', at, body),
    };
    expect(() => standardSignature([SECRET]).verify(hook(headers, body), now())).not.toThrow();
    expect(standardSignature([SECRET]).idOf(hook(headers, body))).toBe('msg_2');
  });

  it('signs by both secrets while one is replaced, and opens to either', () => {
    const headers = signed([SECRET, HOOK_SECRET], '{}');
    expect(headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);
    for (const secret of [SECRET, HOOK_SECRET]) {
      expect(new Webhook(secret).verify('{}', headers)).toEqual({});
      expect(() =>
        standardSignature([HOOK_SECRET, SECRET]).verify(hook(signed([secret], '{}'), '{}'), now()),
      ).not.toThrow();
    }
  });

  it('covers the raw bytes', () => {
    const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x7d]);
    const timestamp = Math.floor(Date.now() / 1000);
    const headers = standardSignature([SECRET]).headers({ id: 'msg_1', timestamp, body: bytes });
    expect(() => standardSignature([SECRET]).verify(hook(headers, bytes), now())).not.toThrow();
    const altered = Buffer.from([0x7b, 0xfe, 0xfe, 0x7d]);
    expect(() => standardSignature([SECRET]).verify(hook(headers, altered), now())).toThrow(/does not fit the body/);
  });

  test.each([
    ['no id', { 'webhook-id': '' }, 'webhook-id: is missing'],
    ['another id', { 'webhook-id': 'msg_9' }, 'webhook-signature: does not fit the body'],
    ['no time', { 'webhook-timestamp': '' }, 'webhook-timestamp: is missing'],
    ['a time in words', { 'webhook-timestamp': 'now' }, 'webhook-timestamp: must be seconds since 1970'],
    ['no signature', { 'webhook-signature': '' }, 'webhook-signature: is missing'],
    ['an unknown version', { 'webhook-signature': 'v9,AAAA' }, 'webhook-signature: does not fit the body'],
    ['a version without signature', { 'webhook-signature': 'v1' }, 'webhook-signature: does not fit the body'],
  ])('refuses %s', (_, headers, message) => {
    expect(() =>
      standardSignature([SECRET]).verify(hook({ ...signed([SECRET], '{}'), ...headers }, '{}'), now()),
    ).toThrow(message);
  });

  test.each([
    [-301, 'is more than 300 seconds old'],
    [301, 'is more than 300 seconds ahead'],
  ])('refuses a hook that is %i seconds away', (seconds, message) => {
    const at = 1_700_000_000;
    const headers = signed([SECRET], '{}', at + seconds);
    expect(() => standardSignature([SECRET]).verify(hook(headers, '{}'), at * 1000)).toThrow(message);
    const within = signed([SECRET], '{}', at + seconds - Math.sign(seconds));
    expect(() => standardSignature([SECRET]).verify(hook(within, '{}'), at * 1000)).not.toThrow();
  });

  it('signs and verifies with ed25519 keys', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
    const open = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const keys = { whsk: `whsk_${seed.toString('base64')}`, whpk: `whpk_${open.toString('base64')}` };
    for (const whsk of [keys.whsk, `whsk_${Buffer.concat([seed, open]).toString('base64')}`]) {
      const headers = signed([whsk, SECRET], '{}');
      expect(headers['webhook-signature']).toMatch(/^v1a,\S+ v1,\S+$/);
      expect(() => standardSignature([keys.whpk]).verify(hook(headers, '{}'), now())).not.toThrow();
      expect(() => standardSignature([keys.whpk]).verify(hook(headers, '{} '), now())).toThrow(/does not fit/);
    }
  });

  test.each([
    [SECRET, true],
    ['MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', true],
    ['whsec_c2hvcnQ=', false],
    ['whsec_not base64', false],
    ['whpk_c2hvcnQ=', false],
    ['', false],
  ])('%s is a secret: %s', (secret, expected) => expect(isStandardSecret(secret)).toBe(expected));
});

describe('HMAC in a header', () => {
  it("verifies GitHub's documented example", () => {
    const headers = {
      'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    };
    const signature = hmacSignature(["It's a Secret to Everybody"], GITHUB);
    expect(() => signature.verify(hook(headers, 'Hello, World!'), now())).not.toThrow();
    expect(() => signature.verify(hook(headers, 'Hello, World?'), now())).toThrow(
      'x-hub-signature-256: does not fit the body',
    );
    expect(() => signature.verify(hook({}, 'Hello, World!'), now())).toThrow('x-hub-signature-256: is missing');
  });

  it('trusts an id only if it is signed', () => {
    const headers = { 'webhook-id': 'msg_1' };
    expect(hmacSignature(['secret'], GITHUB).idOf(hook(headers, '{}'))).toBeUndefined();
    const options = { ...GITHUB, signedText: '{id}.{body}' };
    expect(hmacSignature(['secret'], options).idOf(hook(headers, '{}'))).toBe('msg_1');
  });

  it('signs time and body in base64, and refuses a stale one', () => {
    const options: HmacOptions = {
      ...GITHUB,
      signedText: 'v0:{timestamp}:{body}',
      signatureEncoding: 'base64',
      signaturePrefix: 'v0=',
    };
    const signature = hmacSignature(['the old one', 'the one'].reverse(), options);
    const headers = signature.headers({ id: 'msg_1', timestamp: 1_700_000_000, body: Buffer.from('{}') });
    expect(() => signature.verify(hook(headers, '{}'), 1_700_000_299_000)).not.toThrow();
    expect(() => signature.verify(hook(headers, '{}'), 1_700_000_301_000)).toThrow(
      'webhook-timestamp: is more than 300',
    );
    const old = hmacSignature(['the old one'], options).headers({
      id: '',
      timestamp: 1_700_000_000,
      body: Buffer.from('{}'),
    });
    expect(() => signature.verify(hook(old, '{}'), 1_700_000_000_000)).not.toThrow();
  });
});
