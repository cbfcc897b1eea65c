import * as ts from 'typescript';

/**
 * A text with one more element in an array literal, in alphabetical order if the array is in it, else at its end. `find` picks the
 * array from all in the text. Everything else stays as it is; Prettier sets the line breaks.
 */
export function withElement(
  file: ts.SourceFile,
  find: (array: ts.ArrayLiteralExpression) => boolean,
  text: string,
): string {
  const array = firstNode(
    file,
    (node): node is ts.ArrayLiteralExpression => ts.isArrayLiteralExpression(node) && find(node),
  );
  if (!array) throw new Error(`${file.fileName}: the list that ${text} belongs into is not there`);
  return (
    inserted(file, array.elements, text, { before: ', ', after: ', ' }) ??
    replaceAt(file.text, array.getStart(file) + 1, text)
  );
}

/** A text with one more import among those that it has. */
export const withImport = (file: ts.SourceFile, text: string): string =>
  inserted(file, ts.factory.createNodeArray(file.statements.filter(ts.isImportDeclaration)), text, {
    before: '\n',
    after: '\n',
  }) ?? `${text}\n${file.text}`;

function inserted(
  file: ts.SourceFile,
  nodes: readonly ts.Node[],
  text: string,
  { before, after }: { before: string; after: string },
): string | undefined {
  const texts = nodes.map((node) => node.getText(file));
  const isSorted = texts.every((each, index) => index === 0 || (texts[index - 1] ?? '') <= each);
  const index = isSorted ? texts.findIndex((each) => each > text) : -1;
  const next = nodes[index];
  if (next) return replaceAt(file.text, next.getStart(file), text + after);
  const last = nodes.at(-1);
  return last && replaceAt(file.text, last.getEnd(), before + text);
}

function firstNode<Node extends ts.Node>(node: ts.Node, is: (node: ts.Node) => node is Node): Node | undefined {
  return is(node) ? node : ts.forEachChild(node, (child) => firstNode(child, is));
}

const replaceAt = (text: string, position: number, by: string): string =>
  text.slice(0, position) + by + text.slice(position);
