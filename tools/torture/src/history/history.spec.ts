import { planOf } from './plan';
import { play } from './play';

/** The short form of `npm run torture`: one history. Its seed can be given, as in `SEED=4711 npx jest src/history`. */
describe('three replicas, clients on both sides, and a nemesis', () => {
  const seed = Number(process.env['SEED'] ?? 4);

  it('lose no edit, open no second ticket, double no note, keep the order, agree and become quiet', async () => {
    const told: string[] = [];
    const violations = await play(seed, (line) => told.push(line));
    expect({ seed, told, violations }).toEqual({ seed, told, violations: [] });
  }, 300_000);

  it('do by the same seed what they did', () => {
    expect(planOf(7)).toEqual(planOf(7));
    expect(planOf(7)).not.toEqual(planOf(8));
  });
});
