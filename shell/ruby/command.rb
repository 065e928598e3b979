# Commands: how one is declared, run, timed, and how its errors are told.
module Shell
  class Failure < StandardError; end # an error whose text is final

  # What a server or the client library said: raised by the C side.
  class Native::Error < StandardError
    attr_reader :class_name

    def initialize(class_name, message)
      super(message)
      @class_name = class_name
    end

    # The class without its package.
    def kind
      at = @class_name.rindex('.')
      at ? @class_name[at + 1, @class_name.size] : @class_name
    end
  end

  Declared = Struct.new(:name, :group, :usage)
  DECLARED = {}
  GROUPS = {}

  class << self
    attr_accessor :raises # -n: the first error ends the shell
  end

  # Commands are methods of this object; their arity is the command's.
  class Commands; end
  COMMANDS = Commands.new

  def self.declare(group, name, usage)
    DECLARED[name] = Declared.new(name, group, usage)
    (GROUPS[group] ||= []) << name
    Shell.define_top(name)
  end

  # What a command typed at the top comes to.
  def self.dispatch(name, args)
    return run(name, args) if DECLARED.key?(name)
    TOP_HELP[name].call(*args)
  end

  def self.command?(name)
    DECLARED.key?(name) || TOP_HELP.key?(name)
  end

  def self.run(name, args)
    raise Interrupt, 'interrupted' if Native.interrupted? # ^C between the commands of a loop
    return run_inside(name, args) if @depth.to_i > 0
    @depth = 1
    started = Native.now
    begin
      COMMANDS.__send__(name, *args)
    rescue Interrupt => error
      raise error
    rescue StandardError => error
      raise Failure, explain(name, args, error) if raises
      tell(name, explain(name, args, error))
      nil
    ensure
      @depth = 0
      Native.say("Took #{format('%.4f', Native.now - started)} seconds\n")
    end
  end

  # A command called by another: no time line of its own.
  def self.run_inside(name, args)
    COMMANDS.__send__(name, *args)
  end

  def self.tell(name, text)
    Native.say("\nERROR: #{text}\n\nFor usage try 'help \"#{name}\"'\n\n")
  end

  # The shell's words for what went wrong (HBase's translate_hbase_exceptions).
  def self.explain(name, args, error)
    return arity_text(name, args) || error.message if error.is_a?(ArgumentError)
    return error.message unless error.is_a?(Native::Error)
    # a snapshot's table is the second argument, or in the message
    first = args[0].is_a?(Hbase::Table) ? args[0].name : args[0].to_s
    table = %i[clone_snapshot clone_table_schema].include?(name) ? args[1].to_s : first
    table = error.message if name == :restore_snapshot
    message = error.message
    case error.kind
    when 'TableNotFoundException' then "Unknown table #{table}!"
    when 'TableNotEnabledException', 'TableNotDisabledException'
      if error.kind == 'TableNotEnabledException'
        "Table #{table} is disabled!"
      else
        "Table #{table} should be disabled!"
      end
    when 'TableExistsException' then "Table already exists: #{table}!"
    when 'NamespaceNotFoundException' then "Unknown namespace#{':' if name == :clone_snapshot} #{table.split(':')[0]}!"
    when 'SnapshotDoesNotExistException' then "Unknown snapshot #{args[0]}!"
    when 'NoSuchColumnFamilyException'
      families = Native.table_schema(table)
      if families && %w[put delete deleteall incr append].include?(name.to_s)
        valid = families[3].map { |family| "#{family[0]}:*" }.join(', ')
        "Unknown column family! Valid column names: #{valid}"
      else
        "#{error.class_name}: #{message}"
      end
    else
      error.kind.empty? ? message : "#{error.class_name}: #{message}"
    end
  end

  # Ruby's words for too few or too many arguments of a command: "expected 2+", "expected 4..6". nil: they fit.
  def self.arity_text(name, args)
    kinds = COMMANDS.method(name).parameters.map { |kind, _| kind }
    least = kinds.count(:req)
    most = kinds.include?(:rest) ? nil : least + kinds.count(:opt)
    return nil if args.size >= least && (most.nil? || args.size <= most)
    expected = most.nil? ? "#{least}+" : most > least ? "#{least}..#{most}" : least.to_s
    "wrong number of arguments (given #{args.size}, expected #{expected})"
  end

  def self.binary(text)
    Native.escape(text)
  end

  # What stands after "=> " for a statement's value; nil for none.
  def self.shown(value)
    value.nil? || !SETTINGS.echo ? nil : value.inspect
  end

  class Commands
    def table_name(given)
      return given.name if given.is_a?(Hbase::Table)
      raise ArgumentError, 'Table name must be of type String' unless given.is_a?(String)
      given
    end

    def no_such_table(name)
      raise Failure, "Table #{name} does not exist." unless Native.table_exists?(name)
    end

    def ignored(options)
      options.each_key { |key| Native.say("An argument ignored (unknown or overridden): #{key}\n") }
    end
  end
end
