import { Box, Static, Text, useCursor } from "ink";
import { memo, useSyncExternalStore } from "react";
import type { Screen } from "./screen.ts";

/** Draws a screen. Rows come ready: wrapped, clean and styled. */
export function App({ screen }: { readonly screen: Screen }) {
  return (
    <Box flexDirection="column">
      <Committed screen={screen} />
      <Live screen={screen} />
    </Box>
  );
}

// In a component of its own: every render of <Static> draws at once, past the frame limit.
const Committed = memo(function Committed({ screen }: { readonly screen: Screen }) {
  const committed = useSyncExternalStore(screen.subscribe, () => screen.frame().committed);
  const { epoch } = screen.frame();
  return (
    <Static key={epoch} items={[...committed]}>
      {(block, index) => (
        <Text key={index} wrap="truncate">
          {block}
        </Text>
      )}
    </Static>
  );
});

function Live({ screen }: { readonly screen: Screen }) {
  const { rows, caret } = useSyncExternalStore(screen.subscribe, () => screen.frame().live);
  const { setCursorPosition } = useCursor();
  setCursorPosition(caret);
  return <Text wrap="truncate">{rows.join("\n")}</Text>;
}
