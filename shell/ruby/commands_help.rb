# help, tools, debug, exit: the shell about itself. Not timed.
module Shell
  def self.help(name = nil)
    return help_all if name.nil?
    name = name.to_s
    if GROUPS.key?(name)
      Native.say("Commands of the group #{name}:\n\n")
      GROUPS[name].each { |command| Native.say("  #{DECLARED[command].usage}\n") }
    elsif name == 'table_help'
      COMMANDS.table_help
    elsif DECLARED.key?(name.to_sym)
      Native.say("#{DECLARED[name.to_sym].usage}\n")
    elsif ABSENT.key?(name.to_sym)
      Native.say("#{name}: this shell has no commands for #{ABSENT[name.to_sym]}.\n")
    else
      Native.say("There is no command or group '#{name}'. Type help for all of them.\n")
    end
    nil
  end

  def self.help_all
    Native.say("Stele shell: the HBase shell's commands and syntax.\n" \
               "Type 'help \"COMMAND\"' (the quotes are needed) for one command, 'help \"GROUP\"' for a group.\n\n")
    GROUPS.each do |group, names|
      Native.say("  Group name: #{group}\n  Commands: #{names.map(&:to_s).sort.join(', ')}\n\n")
    end
    Native.say("Names of tables, rows and columns are quoted; options are in braces with =>:\n" \
               "  scan 't', {COLUMNS => ['f:q'], LIMIT => 10}\n" \
               "Binary bytes are written in double quotes: get 't', \"key\\x03\\x3f\". Several statements: a; b\n" \
               "Ruby's variables, loops and blocks work: (1..5).each { |i| put 't', \"r\#{i}\", 'f:q', i }\n")
  end

  TOP_HELP = {
    help: ->(*args) { Shell.help(*args) },
    tools: -> { Shell.help('tools') },
    exit: ->(code = 0) { Native.leave(code) },
    quit: ->(code = 0) { Native.leave(code) },
    debug: -> { Native.say("Debug mode is #{Native.toggle_debug ? 'ON' : 'OFF'}\n") },
    debug?: -> { Native.say("Debug mode is #{Native.debug? ? 'ON' : 'OFF'}\n") }
  }
  TOP_HELP.each_key { |name| Shell.define_top(name) }

  def self.names
    DECLARED.keys.map(&:to_s) + TOP_HELP.keys.map(&:to_s)
  end
end
