import { startJira } from './jira';
import { startServiceNow } from './servicenow';
import type { StoryTool, Surroundings } from './story-tool';
import { startWebhook } from './webhook';

export type { StoryRecord, StoryTool } from './story-tool';

/** The words of `--tool`, which are those of `adapter:` in a configuration. */
export const TOOLS = {
  servicenow: startServiceNow,
  jira: startJira,
  webhook: startWebhook,
} satisfies Record<string, (surroundings: Surroundings) => Promise<StoryTool>>;

export type ToolName = keyof typeof TOOLS;

export const isToolName = (word: string): word is ToolName => Object.hasOwn(TOOLS, word);
