import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { LIFECYCLE_STATES, SEVERITIES } from '@opr-connect/opr';
import { cases } from '../case';
import { newState } from '../changes';

export const VALUES = [
  ...cases('notify', [
    {
      id: 'values.severity',
      title: 'every severity that is written reads back as itself, or as what it is declared to collapse to',
      needs: ['getExternalEvent'],
      async run(bench) {
        const adapter = bench.connect();
        for (const severity of SEVERITIES) {
          const [key, event] = [randomUUID(), { ...bench.event, id: randomUUID(), title: severity, severity }];
          const written = await bench.forward(adapter, event, { key });
          const { properties } = await bench.read(adapter, written);
          const expected = bench.harness.collapses?.severity?.[severity] ?? severity;
          assert.equal(properties['severity'], expected, `${severity} must read as ${expected}`);
        }
      },
    },
  ]),
  ...cases('notify_and_update', [
    {
      id: 'values.state',
      title: 'every state that is written reads back as itself, or as what it is declared to collapse to',
      needs: ['forwardChange', 'getExternalEvent'],
      async run(bench) {
        const adapter = bench.connect();
        let written = await bench.forward(adapter);
        for (const state of LIFECYCLE_STATES) {
          if (state !== 'open') written = await bench.change(adapter, written, [newState(state)]);
          const { properties } = await bench.read(bench.connect(), written);
          const expected = bench.harness.collapses?.state?.[state] ?? state;
          assert.equal(properties['state'], expected, `${state} must read as ${expected}`);
        }
      },
    },
  ]),
  ...cases('synchronize', [
    {
      id: 'values.person',
      title: 'every severity that a person sets in the tool, and every state that one can be told from, is told',
      needs: ['receiveChange'],
      async run(bench) {
        const adapter = bench.connect();
        const { severity: severities, state: states } = bench.harness.collapses ?? {};
        const edits = [
          ...SEVERITIES.filter((each) => !severities?.[each]).map((severity) => ({ severity })),
          ...(['in_progress', 'resolved', 'closed', 'open'] as const)
            .filter((each) => !states?.[each])
            .map((state) => ({ state })),
        ];
        const written = await bench.forward(adapter, { ...bench.event, severity: 'major' });
        for (const edit of edits) {
          const hooks = await bench.hooks(() => bench.tool.edit(written.ref.id, edit));
          const { properties } = await bench.hear(adapter, hooks);
          for (const [name, value] of Object.entries(edit))
            assert.equal(properties[name], value, `${name} is not told`);
        }
      },
    },
  ]),
];
