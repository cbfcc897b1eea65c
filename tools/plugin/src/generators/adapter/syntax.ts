import * as ts from 'typescript';

/**
 * The text of a file with one more element in an array literal, in its place among its neighbours. `is` picks the array from all in
 * the file. Everything else stays as it is; line breaks are Prettier's business.
 */
export function withElement(
  file: ts.SourceFile,
  is: (array: ts.ArrayLiteralExpression) => boolean,
  element: string,
  isNeighbour: (element: string) => boolean = () => true,
): string {
  const array = first(file, (node) => (ts.isArrayLiteralExpression(node) && is(node) ? node : undefined));
  if (!array) throw new Error(`${file.fileName}: the list that ${element} belongs into is not there`);
  const neighbours = array.elements.filter((each) => isNeighbour(each.getText(file)));
  return inserted(file, neighbours, element, ', ');
}

/** The text of a file with one more import, in its place among those that it has. */
export const withImport = (file: ts.SourceFile, text: string): string =>
  inserted(file, file.statements.filter(ts.isImportDeclaration), text, '\n');

/** Before the first node that comes after it in the alphabet, else behind the last. */
function inserted(file: ts.SourceFile, nodes: readonly ts.Node[], text: string, separator: string): string {
  const next = nodes.find((node) => node.getText(file) > text);
  const last = nodes.at(-1);
  if (next) return insert(file.text, next.getStart(file), text + separator);
  if (last) return insert(file.text, last.getEnd(), separator + text);
  throw new Error(`${file.fileName}: there is nothing beside which ${text} could stand`);
}

function first<Node>(node: ts.Node, pick: (node: ts.Node) => Node | undefined): Node | undefined {
  return pick(node) ?? ts.forEachChild(node, (child) => first(child, pick));
}

const insert = (text: string, position: number, what: string): string =>
  text.slice(0, position) + what + text.slice(position);
