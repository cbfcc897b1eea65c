export { Sandbox } from './sandbox';
export { Story, StepFailed, type Step } from './story';
