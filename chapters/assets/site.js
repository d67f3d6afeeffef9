// Draws the formulas of a page with KaTeX. pymdownx.arithmatex leaves them as text in \( \) and \[ \].
document.addEventListener("DOMContentLoaded", () => {
  for (const formula of document.querySelectorAll(".arithmatex"))
    renderMathInElement(formula, {
      delimiters: [
        { left: "\\(", right: "\\)", display: false },
        { left: "\\[", right: "\\]", display: true },
      ],
    });
});
