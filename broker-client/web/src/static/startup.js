// SPDX-License-Identifier: EUPL-1.2
// Says that the page cannot start, where its own script cannot: that was not found, or the browser is too old to read it.
// So this is written for browsers of 2010, and is not a module. The page's script fills #app as soon as it runs, and does
// not wait for this.
(function () {
  'use strict';

  var SOON_MS = 1000;
  var SLOW_MS = 10000;
  var DUTCH = [
    'Deze pagina kon niet starten.',
    'Controleer de verbinding en probeer het opnieuw. Helpt dat niet, dan is deze browser misschien te oud: gebruik een nieuwere, of werk dit toestel bij. Wat al op dit toestel stond, blijft staan.',
    'Opnieuw proberen'
  ];
  var ENGLISH = [
    'This page could not start.',
    'Check the connection and try again. If that does not help, this browser may be too old: use a newer one, or update this device. What was on this device stays there.',
    'Try again'
  ];

  function add(parent, tag, text) {
    var element = document.createElement(tag);
    element.appendChild(document.createTextNode(text));
    parent.appendChild(element);
    return element;
  }

  function say(parent, lang, texts) {
    var part = add(parent, 'div', '');
    part.setAttribute('lang', lang);
    add(part, 'h1', texts[0]);
    add(part, 'p', texts[1]);
    var again = add(part, 'button', texts[2]);
    again.className = 'button button--primary';
    again.onclick = function () {
      location.reload();
    };
  }

  function look() {
    var app = document.getElementById('app');
    if (!app || app.firstChild) return;
    if (document.visibilityState === 'hidden') {
      setTimeout(look, SLOW_MS);
      return;
    }
    var main = add(app, 'main', '');
    main.className = 'startup';
    var said = add(main, 'div', '');
    said.setAttribute('role', 'alert');
    say(said, 'nl', DUTCH);
    say(said, 'en', ENGLISH);
  }

  // The page has loaded when its script has run, or failed.
  function loaded() {
    setTimeout(look, SOON_MS);
  }
  if (document.readyState === 'complete') loaded();
  else window.addEventListener('load', loaded);
  setTimeout(look, SLOW_MS);
})();
