import assert from 'node:assert/strict';
import type { ForwardingType } from '@opr-connect/opr';
import type { Adapter } from '../adapter';
import { supportedForwardingType } from '../supported';
import { Bench, connect } from './bench';
import type { ContractCase } from './case';
import { CASES } from './cases';
import type { Ability, Harness, Need } from './harness';

/** How an adapter stands with one case. Only `broken` is a failure. */
export type Standing =
  | { kind: 'kept' }
  | { kind: 'exempt'; reason: string }
  | { kind: 'not applicable'; reason: string }
  | { kind: 'broken'; error: Error };

/** How long a case may take on a busy machine, and the page, in milliseconds: for the test runner. */
export const LIMIT_MS = 60_000;

/**
 * The contract of one adapter. Knows no test runner: `cases` are what there is to run, `check` throws what is wrong.
 *
 * ```ts
 * const contract = new Contract(harness);
 * it.each(contract.cases)('$id: $title', (each) => contract.check(each), LIMIT_MS);
 * ```
 */
export class Contract {
  /** The cases that apply, exempt ones included. */
  readonly cases: readonly ContractCase[];
  /** What the adapter supports up to. */
  readonly supports: ForwardingType;
  private readonly adapter: Adapter;
  private readonly standings = new Map<string, Promise<Standing>>();

  constructor(
    readonly harness: Harness,
    private readonly all: readonly ContractCase[] = CASES,
  ) {
    // No adapter makes a call before it is used, so any address will do.
    this.adapter = connect(harness, harness.plain('http://127.0.0.1:1'), () => undefined);
    this.supports = supportedForwardingType(this.adapter);
    this.cases = all.filter((each) => this.obstacle(each) === undefined);
    for (const id of Object.keys(harness.exempt ?? {}))
      assert.ok(
        this.cases.some((each) => each.id === id),
        `exempt: there is no case ${id} that applies`,
      );
  }

  /** Throws if the promise is broken, or is kept where an exemption says that it is not. */
  async check(each: ContractCase): Promise<void> {
    const standing = await this.standing(each);
    if (standing.kind === 'broken') throw standing.error;
  }

  /** Of every case, whether it applies or not. Each is run once. */
  async results(): Promise<Map<string, Standing>> {
    const results = new Map<string, Standing>();
    for (const each of this.all) results.set(each.id, await this.standing(each));
    return results;
  }

  /** What the results are if every promise that applies is kept. Nothing is run. */
  foreseen(): Map<string, Standing> {
    return new Map(
      this.all.map((each) => {
        const reason = this.obstacle(each);
        return [each.id, reason === undefined ? { kind: 'kept' } : { kind: 'not applicable', reason }];
      }),
    );
  }

  private standing(each: ContractCase): Promise<Standing> {
    const known = this.standings.get(each.id);
    if (known) return known;
    const standing = this.run(each);
    this.standings.set(each.id, standing);
    return standing;
  }

  private async run(each: ContractCase): Promise<Standing> {
    const reason = this.obstacle(each);
    if (reason !== undefined) return { kind: 'not applicable', reason };
    const exemption = this.harness.exempt?.[each.id];
    try {
      await Bench.with(this.harness, (bench) => each.run(bench));
    } catch (error) {
      if (exemption !== undefined) return { kind: 'exempt', reason: exemption };
      return { kind: 'broken', error: error instanceof Error ? error : new Error(String(error)) };
    }
    if (exemption === undefined) return { kind: 'kept' };
    return { kind: 'broken', error: new Error(`${each.id} is exempt (${exemption}), and passes`) };
  }

  /** Why a case does not apply. */
  private obstacle({ needs = [] }: ContractCase): string | undefined {
    for (const need of needs) {
      if (isAbility(need)) {
        const lack = this.harness.lacks?.[need];
        if (lack !== undefined) return lack;
      } else if (this.adapter[need] === undefined) return `it has no \`${need}\``;
    }
    return undefined;
  }
}

const ABILITIES: readonly string[] = [
  'lag',
  'impostor',
  'duplicates',
  'deletion hook',
  'ties',
  'drops',
] satisfies Ability[];
const isAbility = (need: Need): need is Ability => ABILITIES.includes(need);
