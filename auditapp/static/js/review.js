// The reviewer's keys and the photo pane. Everything works without this file.
const all = (selector) => [...document.querySelectorAll(selector)];
const answers = all('.rv-q');
let at = -1;

document.documentElement.classList.add('js');

function show(photo) {
  const figure = document.getElementById(`p-${photo}`);
  if (!figure) return;
  all('.rv-photo.on').forEach((other) => other.classList.remove('on'));
  figure.classList.add('on');
}

function go(index) {
  if (!answers[index]) return;
  answers[at]?.classList.remove('on');
  at = index;
  const answer = answers[at];
  answer.classList.add('on');
  answer.focus({ preventScroll: true });
  answer.scrollIntoView({ block: 'center' });
  const shot = answer.querySelector('[data-photo]');
  if (shot) show(shot.dataset.photo);
}

const keys = {
  j: () => go(at + 1),
  k: () => go(Math.max(at - 1, 0)),
  n: () => go(answers.findIndex((answer, i) => i > at && answer.classList.contains('look'))),
  o: () => document.querySelector('.rv-photo.on a')?.click(),
  q: () => {
    const menu = document.querySelector('.rv-menu:has(#ask-t)');
    if (!menu) return;
    menu.open = true;
    const question = answers[at]?.id.slice(2);
    if (question) document.getElementById('ask-q').value = question;
    document.getElementById('ask-t').focus();
  },
};

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, textarea, select')) return;
  const action = keys[event.key.toLowerCase()];
  if (action) {
    event.preventDefault();
    action();
  }
});

document.addEventListener('click', (event) => {
  const shot = event.target.closest('.rv-shots [data-photo]');
  if (!shot) return;
  event.preventDefault();
  go(answers.indexOf(shot.closest('.rv-q')));
  show(shot.dataset.photo);
});
