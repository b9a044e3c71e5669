/** Whether this browser can draw by WebGL 2, as the map needs it. Asked once. */
let known: boolean | null = null;

export function hasWebGl(): boolean {
  known ??= tried();
  return known;
}

function tried(): boolean {
  try {
    const context = document.createElement("canvas").getContext("webgl2");
    context?.getExtension("WEBGL_lose_context")?.loseContext();
    return context !== null;
  } catch {
    return false;
  }
}
