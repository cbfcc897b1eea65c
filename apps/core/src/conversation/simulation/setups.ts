import type { Setup } from './world';

const versioned = { versions: true, reorders: false, echo: false };
export const SETUPS: Setup[] = [
  { name: 'an OBM and a tool that counts versions', hubs: 1, tools: 1, tool: versioned, echoToSender: false },
  {
    name: 'an OBM and two tools that echo',
    hubs: 1,
    tools: 2,
    tool: { ...versioned, echo: true },
    echoToSender: false,
  },
  {
    name: 'an OBM that echoes and a tool without versions',
    hubs: 1,
    tools: 1,
    tool: { versions: false, reorders: false, echo: true },
    echoToSender: true,
  },
  {
    name: 'an OBM and two tools whose hooks reorder and double',
    hubs: 1,
    tools: 2,
    tool: { versions: true, reorders: true, echo: true },
    echoToSender: true,
  },
  {
    name: 'a tool without versions whose hooks reorder',
    hubs: 1,
    tools: 1,
    tool: { versions: false, reorders: true, echo: false },
    echoToSender: false,
  },
  {
    name: 'an OBM and a party of JSON hooks that cannot be read and marks its echoes',
    hubs: 1,
    tools: 0,
    tool: versioned,
    hook: { reorders: false, echo: true },
    echoToSender: false,
  },
  {
    name: 'an OBM, a tool, and a party of JSON hooks that reorder and double',
    hubs: 1,
    tools: 1,
    tool: { ...versioned, reorders: true },
    hook: { reorders: true, echo: true },
    echoToSender: true,
  },
  {
    name: 'an OBM and two tools that lose hooks, compared now and then',
    hubs: 1,
    tools: 2,
    tool: { ...versioned, echo: true },
    echoToSender: false,
    losesHooks: true,
  },
  {
    name: 'an OBM that echoes and a tool without versions, whose hooks reorder, double and are lost, compared now and then',
    hubs: 1,
    tools: 1,
    tool: { versions: false, reorders: true, echo: true },
    echoToSender: true,
    losesHooks: true,
  },
  { name: 'two wired hubs with a tool each', hubs: 2, tools: 2, tool: versioned, echoToSender: false },
  {
    name: 'two wired hubs, the first echoing, with tools that reorder',
    hubs: 2,
    tools: 2,
    tool: { versions: true, reorders: true, echo: true },
    echoToSender: true,
  },
];
