// SPDX-License-Identifier: EUPL-1.2
// A browser around WebKitGTK that WebKitWebDriver starts: gjs -m webkit-window.mjs FOLDER. Debian's MiniBrowser keeps no
// storage under automation; here storage, downloads and what is printed stay in FOLDER.
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Gtk from 'gi://Gtk?version=3.0';
import WebKit from 'gi://WebKit2?version=4.1';

const [folder] = ARGV;
const file = (...names) => GLib.build_filenamev([folder, ...names]);
const uri = (path) => GLib.filename_to_uri(path, null);
// A file has its name when it is complete.
const complete = (path) => Gio.File.new_for_path(`${path}.part`).move(Gio.File.new_for_path(path), Gio.FileCopyFlags.OVERWRITE, null, null);

Gtk.init(null);
const loop = new GLib.MainLoop(null, false);
const storage = new WebKit.WebsiteDataManager({ base_data_directory: file('data'), base_cache_directory: file('cache') });
const context = new WebKit.WebContext({ website_data_manager: storage });
context.set_automation_allowed(true);
context.set_preferred_languages(['nl']);

let windows = 0;

// WebKit ignores window.print() under automation. A page asks for it with a message instead, and what it prints becomes
// FOLDER/print.pdf.
function print(view) {
  const settings = new Gtk.PrintSettings();
  settings.set_printer('Print to File');
  settings.set(Gtk.PRINT_SETTINGS_OUTPUT_URI, uri(file('print.pdf.part')));
  settings.set(Gtk.PRINT_SETTINGS_OUTPUT_FILE_FORMAT, 'pdf');
  const operation = new WebKit.PrintOperation({ web_view: view, print_settings: settings });
  operation.connect('failed', (_operation, error) => printerr(error.message));
  operation.connect('finished', () => complete(file('print.pdf')));
  operation.print();
}

function openWindow() {
  const messages = new WebKit.UserContentManager();
  const view = new WebKit.WebView({ web_context: context, is_controlled_by_automation: true, user_content_manager: messages });
  const window = new Gtk.Window({ default_width: 360, default_height: 740 });
  messages.connect('script-message-received::print', () => print(view));
  messages.register_script_message_handler('print');
  windows++;
  view.connect('close', () => window.destroy());
  window.connect('destroy', () => --windows || loop.quit());
  window.add(view);
  window.show_all();
  return view;
}

context.connect('automation-started', (_context, session) => {
  const info = new WebKit.ApplicationInfo();
  info.set_name('turf-webkit');
  session.set_application_info(info);
  session.connect('create-web-view', openWindow);
});
context.connect('download-started', (_context, download) => {
  download.connect('decide-destination', (_download, name) => {
    download.set_destination(uri(file('saved', `${name}.part`)));
    download.connect('finished', () => complete(file('saved', name)));
    return true;
  });
});
loop.run();
