import { hash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** scrypt with N = 2^14, r = 8, p = 1: about 16 MiB and some tens of milliseconds a guess (RFC 7914). */
const COST = { N: 16_384, r: 8, p: 1 } as const;
const KEY_LENGTH = 32;
const SALT_LENGTH = 16;
const HASHED = /^\$scrypt\$ln=14,r=8,p=1\$([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]+={0,2})$/;
/** Verified credentials remembered at most. */
const MAX_REMEMBERED = 1_000;
/** Guesses verified at one time; more of them wait, so that a flood of them cannot take the threads from everything else. */
const MAX_AT_ONCE = 2;
/** Guesses in line; beyond that nobody new is verified for a moment. */
const MAX_WAITING = 100;

/** More guesses come in than can be verified. Who was verified before is not concerned. */
export class TooManyLogins extends Error {}

interface Verifier {
  salt: Buffer;
  key: Buffer;
}

/**
 * Names with passwords, kept as scrypt verifiers. Invariants:
 * - an unknown name costs as much as a wrong password, the first time too: all verifiers are made when the first one is asked;
 * - what is remembered of a verified pair is its hash under a key of this process, so memory holds no password, and a
 *   repeated request costs microseconds.
 */
export class Credentials {
  private verifiers: Promise<Map<string, Verifier>> | undefined;
  private readonly nobody: Verifier = { salt: randomBytes(SALT_LENGTH), key: randomBytes(KEY_LENGTH) };
  private readonly remembered = new Set<string>();
  private readonly underWay = new Map<string, Promise<boolean>>();
  private readonly memory = randomBytes(32).toString('base64');
  private readonly line: Line;

  /** @param pairs passwords, or hashes of them as `hashPassword` writes them */
  constructor(
    private readonly pairs: readonly { name: string; password: string }[],
    maxWaiting = MAX_WAITING,
  ) {
    this.line = new Line(MAX_AT_ONCE, maxWaiting);
  }

  async verify(name: string, password: string): Promise<boolean> {
    const mark = hash('sha256', `${this.memory}${name.length}:${name}${password}`, 'base64');
    if (this.remembered.has(mark)) return true;
    // A client that begins with many requests at once is verified once for all of them.
    const begun =
      this.underWay.get(mark) ?? this.compare(name, password, mark).finally(() => this.underWay.delete(mark));
    this.underWay.set(mark, begun);
    return begun;
  }

  private async compare(name: string, password: string, mark: string): Promise<boolean> {
    const verifiers = await (this.verifiers ??= verifiersOf(this.pairs));
    const verifier = verifiers.get(name) ?? this.nobody;
    const matches = await this.line.run(async () =>
      timingSafeEqual(await derive(password, verifier.salt), verifier.key),
    );
    if (!matches || !verifiers.has(name)) return false;
    if (this.remembered.size >= MAX_REMEMBERED) this.remembered.clear();
    this.remembered.add(mark);
    return true;
  }
}

/** A password as it may be kept in a file: `$scrypt$ln=14,r=8,p=1$<salt>$<key>`. */
export async function hashPassword(password: string): Promise<string> {
  const { salt, key } = await newVerifier(password);
  return `$scrypt$ln=14,r=8,p=1$${salt.toString('base64')}$${key.toString('base64')}`;
}

/** One after the other: no more threads than for a guess. */
async function verifiersOf(pairs: readonly { name: string; password: string }[]): Promise<Map<string, Verifier>> {
  const verifiers = new Map<string, Verifier>();
  for (const { name, password } of pairs) verifiers.set(name, await verifierOf(password));
  return verifiers;
}

async function verifierOf(password: string): Promise<Verifier> {
  const [, salt, key] = HASHED.exec(password) ?? [];
  return salt && key ? { salt: Buffer.from(salt, 'base64'), key: Buffer.from(key, 'base64') } : newVerifier(password);
}

async function newVerifier(password: string): Promise<Verifier> {
  const salt = randomBytes(SALT_LENGTH);
  return { salt, key: await derive(password, salt) };
}

const derive = (password: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    scrypt(password, salt, KEY_LENGTH, COST, (error, key) => (error ? reject(error) : resolve(key))),
  );

/** At most so many at one time, so many more in line. */
class Line {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly most: number,
    private readonly mostWaiting: number,
  ) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.most && this.waiting.length >= this.mostWaiting) throw new TooManyLogins();
    while (this.running >= this.most) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.running += 1;
    try {
      return await work();
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }
}
