// Loaded into a core before anything else (`node --require`): its clock can be put forward and back from outside. PostgreSQL's
// clock and the timers of Node.js go on as they were, as they do when somebody sets the time of one machine.
const { readFileSync } = require('node:fs');

const RealDate = Date;
let offsetMs = 0;

globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + offsetMs);
    else super(...parts);
  }

  static now() {
    return RealDate.now() + offsetMs;
  }
};

process.on('SIGUSR2', () => {
  offsetMs = Number(readFileSync(process.env.TORTURE_CLOCK, 'utf8'));
});
