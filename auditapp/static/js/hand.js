/** Hand over files: to the share sheet where there is one, else as downloads. */
export async function hand(files) {
  try {
    if (navigator.canShare?.({ files })) return await navigator.share({ files });
  } catch (error) { if (error.name === "AbortError") return; }
  for (const file of files) Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: file.name }).click();
}
