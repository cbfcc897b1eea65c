import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** scrypt with N = 2^14, r = 8, p = 1: about 16 MiB and some tens of milliseconds a guess (RFC 7914). */
const COST = { N: 16_384, r: 8, p: 1 } as const;
const KEY_LENGTH = 32;
const HASHED = /^\$scrypt\$ln=14,r=8,p=1\$([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]+={0,2})$/;
/** Verified credentials remembered at most. */
const MAX_REMEMBERED = 1_000;
/** Guesses verified at one time; more of them wait, so that a flood of them cannot take the threads from everything else. */
const MAX_AT_ONCE = 2;

interface Verifier {
  salt: Buffer;
  key: Buffer;
}

/**
 * Names with passwords, kept as scrypt verifiers. Invariants:
 * - an unknown name costs as much as a wrong password;
 * - what is remembered of a verified pair is an HMAC under a key of this process, so memory holds no password, and a
 *   repeated request costs microseconds.
 */
export class Credentials {
  private readonly verifiers = new Map<string, Promise<Verifier>>();
  private readonly nobody: Promise<Verifier>;
  private readonly remembered = new Set<string>();
  private readonly memory = randomBytes(32);
  private readonly line = new Line(MAX_AT_ONCE);

  /** @param pairs passwords, or hashes of them as `hashPassword` writes them */
  constructor(pairs: readonly { name: string; password: string }[]) {
    for (const { name, password } of pairs)
      this.verifiers.set(
        name,
        lazily(() => verifierOf(password)),
      );
    this.nobody = lazily(() => verifierOf(randomBytes(16).toString('hex')));
  }

  async verify(name: string, password: string): Promise<boolean> {
    const mark = createHmac('sha256', this.memory).update(`${name.length}:${name}${password}`).digest('base64');
    if (this.remembered.has(mark)) return true;
    const matches = await this.line.run(async () => {
      const verifier = await (this.verifiers.get(name) ?? this.nobody);
      return timingSafeEqual(await derive(password, verifier.salt), verifier.key);
    });
    if (!matches || !this.verifiers.has(name)) return false;
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

async function verifierOf(password: string): Promise<Verifier> {
  const [, salt, key] = HASHED.exec(password) ?? [];
  return salt && key ? { salt: Buffer.from(salt, 'base64'), key: Buffer.from(key, 'base64') } : newVerifier(password);
}

async function newVerifier(password: string): Promise<Verifier> {
  const salt = randomBytes(16);
  return { salt, key: await derive(password, salt) };
}

const derive = (password: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    scrypt(password, salt, KEY_LENGTH, COST, (error, key) => (error ? reject(error) : resolve(key))),
  );

/** A promise whose work begins when somebody first asks for it: no password is hashed at boot. */
function lazily<T>(work: () => Promise<T>): Promise<T> {
  let begun: Promise<T> | undefined;
  return { then: (...handlers: Parameters<Promise<T>['then']>) => (begun ??= work()).then(...handlers) } as Promise<T>;
}

/** At most so many at one time, the rest in line. */
class Line {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly most: number) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
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
