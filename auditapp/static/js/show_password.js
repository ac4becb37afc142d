// "Show" beside a password, so that a thumb can see what it typed. Without script the button stays hidden.

for (const button of document.querySelectorAll("button.show")) {
  const input = document.getElementById(button.getAttribute("aria-controls"));
  const show = (plain) => {
    input.type = plain ? "text" : "password";
    button.setAttribute("aria-pressed", String(plain));
  };
  input.spellcheck = false; // some checkers send what is in plain to a server
  input.autocapitalize = "none";
  button.hidden = false;
  button.addEventListener("click", () => show(input.type === "password"));
  // Sent as a password, so that browsers offer to keep it, and never found in plain on the way back.
  input.form.addEventListener("submit", () => show(false));
}
