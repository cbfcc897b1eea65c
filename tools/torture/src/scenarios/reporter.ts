/** What Jest tells of a test when it ends, as far as it is used here. */
interface Ended {
  fullName: string;
  status: string;
  failureMessages?: readonly string[];
}

/** A reporter of Jest that tells each scenario as it ends: one mishap takes minutes, and a file of them hours. */
class ScenarioReporter {
  private played = 0;

  onTestCaseResult(_file: unknown, { fullName, status, failureMessages = [] }: Ended): void {
    if (status !== 'passed' && status !== 'failed') return;
    this.played += 1;
    const held = status === 'passed';
    const lines = held ? [] : failureMessages.flatMap((message) => message.split('\n').filter(isTelling));
    process.stderr.write(
      `scenario ${this.played}  ${held ? 'held  ' : 'BROKEN'}  ${fullName}${lines.map((line) => `\n    ${line.trim()}`).join('')}\n`,
    );
  }
}

/** What was received, or thrown; the stack and what was expected (nothing) are left out. */
const isTelling = (line: string): boolean => {
  const plain = line.trim();
  return plain !== '' && !/^(at |- |@@|\+ (Array \[|\])|\+ Received|- Expected|expect\()/.test(plain);
};

export = ScenarioReporter;
