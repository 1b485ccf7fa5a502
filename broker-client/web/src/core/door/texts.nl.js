// SPDX-License-Identifier: EUPL-1.2
// What both pages say of the door, in Dutch. The page fetches these texts with the code of the door.
export default {
  door_joining: 'Dit toestel wordt aangemeld…',
  door_joined: 'Dit toestel is aangemeld voor {teams}.',
  'door_joined-all': 'Dit toestel is aangemeld voor alle teams.',
  'door_joined-already': 'Dit toestel was al aangemeld met deze uitnodiging. U hoeft niets te doen.',
  'door_joined-as-worker': 'Dit toestel is aangemeld om vragen te tellen voor {teams}. Dat doet u op de pagina voor het tellen.',
  'door_joined-as-leader': 'Dit toestel is aangemeld om de cijfers te lezen. Dat doet u op de pagina met de cijfers.',
  'door_to-worker': 'Naar het tellen',
  'door_to-leader': 'Naar de cijfers',
  door_later: 'Dit toestel is nog niet aangemeld: de server gaf geen antwoord. De uitnodiging is bewaard. Zodra er verbinding is, gaat het aanmelden vanzelf verder.',
  'door_not-stored': 'Dit toestel kan de aanmelding niet bewaren, daarom is de uitnodiging nog niet gebruikt. Open de link in een gewoon venster, niet in een privévenster, of maak ruimte vrij.',
  'door_invitation-unknown': 'Deze uitnodiging is niet bekend. Is de hele link overgenomen? Vraag anders een nieuwe uitnodiging aan wie u deze gaf.',
  'door_invitation-used': 'Deze uitnodiging is al gebruikt; zij geldt voor één toestel. Vraag een nieuwe. Hebt u haar niet zelf gebruikt? Zeg dat dan tegen uw beheerder.',
  'door_invitation-ended': 'Deze uitnodiging is verlopen: zij geldt 72 uur. Vraag een nieuwe uitnodiging aan wie u deze gaf.',
  door_none: 'Deze server werkt zonder uitnodigingen. U kunt gewoon verder.',
  'door_not-joined': 'Aanmelden lukte niet: de server nam de uitnodiging niet aan ({word}). Vraag uw beheerder.',

  door_outside: 'Dit toestel is niet aangemeld. Vraag uw teamleider of beheerder om een uitnodiging, en open die op dit toestel.',
  door_revoked: 'Dit toestel is afgemeld en krijgt geen nieuwe toegang. Klopt dat niet? Vraag uw teamleider of beheerder om een nieuwe uitnodiging.',
  door_unknown: 'De server kent de aanmelding van dit toestel niet meer. Vraag uw teamleider of beheerder om een nieuwe uitnodiging.',
  door_mismatch: 'De sleutels van de server komen niet overeen. Daarom gebruikt dit toestel ze niet. Waarschuw uw beheerder; probeer het daarna opnieuw.',
  door_refused: 'De server laat dit toestel nu niet binnen. Het probeert het vanzelf opnieuw. Staan datum en tijd van dit toestel goed? Vraag anders uw beheerder.',
  'door_used-up': 'De toegang van deze week is op. Vanaf {day} is er weer nieuwe; dan gaat het vanzelf verder.',
  door_unreachable: 'Dit toestel kan nu geen nieuwe toegang ophalen. Het probeert het vanzelf opnieuw.',
  door_away: 'Dit toestel was lang weg en heeft nieuwe toegang opgehaald. Het gebruikt die vanaf {time}, zodat niemand ziet van wie de tikken zijn.',
  door_portions: 'Oudere tikken gaan in kleine porties weg, verspreid over enkele uren, zodat niemand ziet dat ze van één toestel zijn. De volgende portie gaat na {time}, als deze pagina dan open is.',
  'door_taps-wait': 'Uw tikken wachten veilig op dit toestel.',

  idle: 'Verbindt als er iets te sturen is',
  barred: 'Geen toegang, zie bovenaan',

  door_retry: 'Opnieuw proberen',
  door_understood: 'Begrepen',
  door_fingerprint: 'Sleutels van deze week: {fingerprint}',
  'door_fingerprint-help': 'Bij iedereen van deze organisatie staat hier deze week hetzelfde. Staat er bij een ander iets anders? Waarschuw uw beheerder.',
};
