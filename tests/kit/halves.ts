/** How a text streams: a list as that many pieces, a string in two halves. */
export function halves(content: string | readonly string[] | undefined): readonly string[] {
  if (typeof content !== "string") return content ?? [];
  const middle = Math.ceil(content.length / 2);
  return [content.slice(0, middle), content.slice(middle)].filter((piece) => piece !== "");
}
